"""Signed notes: a text, and the signatures of keys that have names (c2sp.org/signed-note)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_NOTE_BYTES = 2**20
MAX_SIGNATURES = 100
_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_KEY_ID_SIZE = 4
_KEY_SIZE = 32


class NoteError(ValueError):
    """A note or key that cannot be read, or whose signature is missing or wrong; the message says why."""


class SignatureType(IntEnum):
    """How a key signs; a part of the id of the key."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    """With a time (c2sp.org/tlog-cosignature)."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name."""

    name: str
    public_key: bytes
    type: SignatureType = SignatureType.ED25519

    @property
    def id(self) -> bytes:
        """Return the four bytes that stand before its signatures: a hint, not a fingerprint."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.type]) + self.public_key).digest()[:_KEY_ID_SIZE]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that *text* spells; NoteError where it is none, or of a type that is not known here."""
        # The last part may have a plus sign; a name cannot.
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _decode_base64(encoded)
        if not name or any(letter.isspace() for letter in name) or len(material) != 1 + _KEY_SIZE:
            raise NoteError("not a verifier key: name+id+key")
        try:
            key = cls(name, material[1:], SignatureType(material[0]))
        except ValueError:
            raise NoteError(f"a verifier key of the unknown type {material[0]}") from None
        if key.id.hex() != key_id:
            raise NoteError("the id of a verifier key is not that of its name and key")
        return key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Return whether *signature* is that of this key over *message*."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        """Return the spelling that other programs read."""
        material = base64.b64encode(bytes([self.type]) + self.public_key).decode()
        return f"{self.name}+{self.id.hex()}+{material}"


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key with its name."""

    name: str
    private_key: Ed25519PrivateKey
    type: SignatureType = SignatureType.ED25519

    @property
    def verifier_key(self) -> VerifierKey:
        """Return its public half."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw(), self.type)

    def sign_text(self, text: str) -> "NoteSignature":
        """Return the signature over *text*."""
        return NoteSignature(self.name, self.verifier_key.id, self.private_key.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        """Return the line."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text that ends with a newline, and its signatures. Nothing of it can be trusted before ``verify``."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return the note in *content*; NoteError where it is none."""
        if len(content) > MAX_NOTE_BYTES:
            raise NoteError("the note is too long")
        try:
            whole = content.decode("utf-8")
        except UnicodeDecodeError:
            raise NoteError("the note is not UTF-8") from None
        if any(letter < " " and letter != "\n" for letter in whole):
            raise NoteError("the note has control characters")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteError("the note has no signatures")
        signatures = tuple(_parse_signature(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise NoteError("the note has too many signatures")
        return cls(text + "\n", signatures)

    def find_signature(self, key: VerifierKey) -> bytes | None:
        """Return the unverified signature that claims to be of *key*; None where there is none."""
        found = (each for each in self.signatures if (each.name, each.key_id) == (key.name, key.id))
        return next((each.signature for each in found), None)

    def verify(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Return which of *keys* have signed; NoteError where none has, or a signature of one of them is wrong."""
        verified = []
        for key in keys:
            signature = self.find_signature(key)
            if signature is None:
                continue
            if not key.verify(self.text.encode(), signature):
                raise NoteError(f"the signature of {key.name} is wrong")
            verified.append(key)
        if not verified:
            raise NoteError("no known key has signed the note")
        return tuple(verified)

    def add_signatures(self, *added: NoteSignature) -> "SignedNote":
        """Return the note with *added*; of a key that has signed already the earlier signature stays."""
        by_key = {(each.name, each.key_id): each for each in (*reversed(added), *self.signatures)}
        mine = tuple(by_key.pop((each.name, each.key_id)) for each in self.signatures)
        return SignedNote(self.text, (*mine, *by_key.values()))

    def __bytes__(self) -> bytes:
        """Return the note as it is published."""
        return (self.text + "\n" + "".join(f"{each}\n" for each in self.signatures)).encode()


def sign_note(text: str, keys: Sequence[SignerKey]) -> SignedNote:
    """Return *text*, which ends with a newline, signed by *keys*; NoteError where it cannot be a note."""
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise NoteError("the text of a note has lines that end, and no control characters")
    return SignedNote(text, tuple(key.sign_text(text) for key in keys))


def _parse_signature(line: str) -> NoteSignature:
    found = _SIGNATURE_LINE.fullmatch(line)
    content = _decode_base64(found["signature"]) if found else b""
    if found is None or len(content) <= _KEY_ID_SIZE:
        raise NoteError("a signature line cannot be read")
    return NoteSignature(found["name"], content[:_KEY_ID_SIZE], content[_KEY_ID_SIZE:])


def _decode_base64(text: str) -> bytes:
    """Return what *text* encodes; empty where it is not the one standard encoding."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return content if base64.b64encode(content).decode() == text else b""

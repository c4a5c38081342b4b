"""Checkpoints: the signed size and root of a log, and the cosignatures of witnesses.

Forms: c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (Ed25519).
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from shared.tlog.merkle import HASH_SIZE
from shared.tlog.notes import NoteError, NoteSignature, SignatureType, SignedNote, SignerKey, VerifierKey, sign_note

_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_TIME_SIZE = 8
_LEAST_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree: what a log promises to keep forever."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the lines that are signed."""
        return "\n".join((self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions, ""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint in the text of a note; NoteError where it is none."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < _LEAST_LINES or not all(lines):
            raise NoteError("a checkpoint has at least three lines, none of them empty")
        if not _SIZE.fullmatch(lines[1]):
            raise NoteError("the size of a checkpoint is not a whole number")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            root = b""
        if len(root) != HASH_SIZE or base64.b64encode(root).decode() != lines[2]:
            raise NoteError("the root of a checkpoint is not a hash")
        return cls(lines[0], int(lines[1]), root, tuple(lines[3:]))

    def build_note(self, *keys: SignerKey) -> SignedNote:
        """Return the checkpoint signed by *keys*."""
        return sign_note(self.text, keys)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified statement of a witness: at this time this was the largest tree that it had seen."""

    witness: VerifierKey
    cosigned_at: datetime


def open_checkpoint(content: bytes, key: VerifierKey) -> tuple[Checkpoint, SignedNote]:
    """Return the checkpoint in *content*, signed by *key* whose name is the origin; NoteError where it is not."""
    note = SignedNote.parse(content)
    note.verify([key])
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != key.name:
        raise NoteError("the checkpoint is of another log")
    return checkpoint, note


def cosign(note: SignedNote, key: SignerKey, *, at: datetime) -> NoteSignature:
    """Return the cosignature of the witness *key* over a checkpoint."""
    seconds = int(at.timestamp())
    signature = key.private_key.sign(_cosigned_message(note.text, seconds))
    return NoteSignature(key.name, key.verifier_key.id, seconds.to_bytes(_TIME_SIZE, "big") + signature)


def verify_cosignatures(note: SignedNote, witnesses: Iterable[VerifierKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of *witnesses*; one that is wrong counts as missing: it must not block the others."""
    found = []
    for witness in witnesses:
        signature = note.find_signature(witness)
        if witness.type is not SignatureType.COSIGNATURE or signature is None or len(signature) <= _TIME_SIZE:
            continue
        seconds = int.from_bytes(signature[:_TIME_SIZE], "big")
        if seconds >> 36 == 0 and witness.verify(_cosigned_message(note.text, seconds), signature[_TIME_SIZE:]):
            found.append(Cosignature(witness, datetime.fromtimestamp(seconds, UTC)))
    return tuple(found)


def _cosigned_message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()

"""Encryption for one account: names, properties, and contents in frames, all derived from the account's key."""

import hmac
from typing import Final

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.sync.domain.frames import FRAME_OVERHEAD
from services.sync.domain.tree import normalize_name
from services.sync.errors import CorruptContentError
from shared.crypto.sealing import seal, unseal

KEY_BYTES: Final = 32
ContentHash = blake3
"""A keyed hash of a content: equal contents of one account have equal digests."""
_NAMES, _PROPERTIES, _LOCKS = "sync.names", "sync.properties", "sync.locks"


class ContentCipher:
    """Seals the frames of one content (the STREAM construction).

    The key belongs to this content and is used once, so the nonce is the frame's index and whether it is the last.
    A frame that was altered, moved, left out, repeated or taken from another content does not open.
    """

    def __init__(self, account: str, content: str, key: bytes) -> None:
        """*key* is the account's; that of this content is derived from it."""
        self._cipher = AESGCM(_derive_key(key, f"content:{content}"))
        self._associated_data = f"{account}\0{content}".encode()

    def seal(self, index: int, data: bytes, *, last: bool) -> bytes:
        """Seal the frame *index*."""
        return self._cipher.encrypt(_nonce(index, last=last), data, self._associated_data)

    def seal_into(self, buffer: memoryview, index: int, data: memoryview, *, last: bool) -> memoryview:
        """Seal the frame *index* into *buffer*; return the part that was used."""
        sealed = buffer[: len(data) + FRAME_OVERHEAD]
        self._cipher.encrypt_into(_nonce(index, last=last), data, self._associated_data, sealed)
        return sealed

    def open(self, index: int, sealed: bytes | memoryview, *, last: bool) -> bytes:
        """Open the frame *index*; CorruptContentError when it is not exactly that frame."""
        try:
            return self._cipher.decrypt(_nonce(index, last=last), sealed, self._associated_data)
        except (InvalidTag, ValueError) as fault:
            raise CorruptContentError from fault


class AccountCipher:
    """Seals and opens the data of one account."""

    def __init__(self, account: str, key: bytes) -> None:
        """Derive one key for each use from *key*."""
        self.account = account
        self._index, self._texts, self._contents, self._hash_key = (
            _derive_key(key, use) for use in ("index", "texts", "contents", "sums")
        )

    def name_key(self, parent: str, name: str) -> str:
        """Return the blind index of *name* in the folder *parent*; equal in NFC means equal index."""
        return hmac.digest(self._index, f"{parent}\0{normalize_name(name)}".encode(), "sha256")[:16].hex()

    def seal_name(self, node: str, name: str) -> bytes:
        """Seal the name of *node*."""
        return seal(self._texts, (self.account, _NAMES, node), name.encode())

    def open_name(self, node: str, sealed: bytes) -> str:
        """Open the name of *node*."""
        return unseal(self._texts, (self.account, _NAMES, node), sealed).decode()

    def seal_properties(self, node: str, text: str) -> bytes:
        """Seal the dead properties of *node*."""
        return seal(self._texts, (self.account, _PROPERTIES, node), text.encode())

    def open_properties(self, node: str, sealed: bytes) -> str:
        """Open the dead properties of *node*."""
        return unseal(self._texts, (self.account, _PROPERTIES, node), sealed).decode()

    def seal_lock(self, token: str, text: str) -> bytes:
        """Seal the details of the lock *token*."""
        return seal(self._texts, (self.account, _LOCKS, token), text.encode())

    def open_lock(self, token: str, sealed: bytes) -> str:
        """Open the details of the lock *token*."""
        return unseal(self._texts, (self.account, _LOCKS, token), sealed).decode()

    def new_content_hash(self) -> ContentHash:
        """Return the hash by which equal contents of this account are found; without the key it reveals nothing.

        Keyed BLAKE3 takes a fourth of the time of SHA-256, which was the slowest step of a large upload.
        """
        return ContentHash(key=self._hash_key)

    def content_cipher(self, content: str) -> ContentCipher:
        """Return the cipher of *content*."""
        return ContentCipher(self.account, content, self._contents)


def _nonce(index: int, *, last: bool) -> bytes:
    return b"\0" * 7 + index.to_bytes(4, "big") + bytes([last])


def _derive_key(key: bytes, use: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"candor.sync:{use}".encode()).derive(key)

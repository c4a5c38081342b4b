"""Encrypts the data of each subject under its own key; destroying the key also erases the data in backups (C31)."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from functools import cache

from shared.clock import Clock
from shared.crypto.errors import KeyDestroyedError, PurposeDeniedError
from shared.crypto.key_cache import KeyCache
from shared.crypto.keyring import SECRET_BYTES, Keyring, KeyUse
from shared.crypto.sealing import seal, unseal
from shared.crypto.wrapping import KeyWrapper, SubjectKeyDocument
from shared.errors import ServiceError
from shared.ids import random_bytes
from shared.mongo import Change, Database, Document, DuplicateError, Write
from shared.personal import Personal, personal_fields
from shared.policy.purposes import Purpose

OnPurposeDenied = Callable[[str, Purpose], Awaitable[None]]
"""Called with the field and the purpose when a read is denied, before the error is raised (C06)."""


def build_associated_data(document: type[Document] | Document, field: str) -> str:
    """Return the associated data of an encrypted *field* of *document*: ``accounts.email``."""
    return f"{document.collection}.{field}"


@cache
def _find_declaration(document: type[Document], field: str) -> Personal | None:
    return personal_fields(document).get(field)


class Vault:
    """Encrypts and decrypts with one key for each subject, and destroys keys."""

    def __init__(
        self, db: Database, keyring: Keyring, clock: Clock, *, on_purpose_denied: OnPurposeDenied | None = None
    ) -> None:
        """Raise SettingError when the keyring has no wrap or blind key: at start, not at the first customer."""
        self._db = db
        self._rows = db.get_collection(SubjectKeyDocument)
        self._clock = clock
        self._wrapper = KeyWrapper(keyring, clock)
        self._blind_secret = keyring.get_active(KeyUse.BLIND).secret
        self._on_purpose_denied = on_purpose_denied
        self._cache = KeyCache()

    async def seal(self, subject: str, associated_data: str, plaintext: bytes) -> bytes:
        """Encrypt *plaintext* under the key of *subject*, which is created if there is none."""
        key = await self._find_key(subject) or await self._create_key(subject)
        return seal(key, (subject, associated_data), plaintext)

    async def seal_for_existing(self, subject: str, associated_data: str, plaintext: bytes) -> bytes:
        """Encrypt *plaintext* under the key of *subject*; KeyDestroyedError when there is none."""
        key = await self._find_key(subject)
        if key is None:
            raise KeyDestroyedError
        return seal(key, (subject, associated_data), plaintext)

    async def open(self, subject: str, associated_data: str, sealed: bytes) -> bytes:
        """Decrypt *sealed*; KeyDestroyedError when the key is destroyed, DecryptionError when it does not match."""
        key = await self._find_key(subject)
        if key is None:
            raise KeyDestroyedError
        return unseal(key, (subject, associated_data), sealed)

    async def open_field(self, document: Document, field: str, purpose: Purpose) -> str:
        """Decrypt the personal *field* of *document*; PurposeDeniedError unless it is declared for *purpose*."""
        declaration = _find_declaration(type(document), field)
        if declaration is None or not declaration.allows(purpose):
            await self._deny_purpose(build_associated_data(document, field), purpose)
        if document.subject is None:
            raise TypeError(f"{type(document).__name__} declares no subject, so its fields cannot be encrypted")
        subject = getattr(document, document.subject)
        return (await self.open(subject, build_associated_data(document, field), getattr(document, field))).decode()

    async def destroy_key(self, subject: str) -> bool:
        """Destroy the key of *subject*; other processes drop it within KEY_CACHE_TTL. False when there was none."""
        deleted = await self._rows.delete_one({"_id": subject})
        self._cache.invalidate(subject)
        self._db.after_commit(lambda: self._cache.invalidate(subject))
        return deleted > 0

    async def ensure_key(self, subject: str) -> None:
        """Create the key of *subject* if there is none."""
        if await self._find_key(subject) is None:
            await self._create_key(subject)

    def build_key_lock(self, subject: str, *, on_missing: type[ServiceError]) -> Write:
        """Return a write that makes its transaction conflict with one that destroys the key of *subject*."""
        return Change(SubjectKeyDocument, subject, {"$inc": {"lock_count": 1}}, on_missing=on_missing)

    async def prefetch_keys(self, subjects: Sequence[str]) -> None:
        """Load the keys of *subjects* into the cache with one query; they stay cached for KEY_CACHE_TTL."""
        generation = self._cache.generation
        async for row in self._rows.iter_documents({"_id": {"$in": list(subjects)}}):
            self._cache_after_commit(row.id, self._wrapper.unwrap_key(row), generation)

    def blind_index(self, context: str, value: str) -> str:
        """Return the keyed blind index of *value* for *context*: equal values have equal indexes."""
        message = f"{len(context)}:{context}{value}"
        return hmac.new(self._blind_secret, message.encode(), hashlib.sha256).hexdigest()

    async def _find_key(self, subject: str) -> bytes | None:
        cached = self._cache.get(subject)
        if cached is not None:
            return cached
        generation = self._cache.generation
        row = await self._rows.get(subject)
        return None if row is None else self._cache_after_commit(subject, self._wrapper.unwrap_key(row), generation)

    async def _create_key(self, subject: str) -> bytes:
        key, generation = random_bytes(SECRET_BYTES), self._cache.generation
        wrap_key = self._wrapper.active
        row = SubjectKeyDocument(
            id=subject,
            wrapped_by=wrap_key.id,
            wrapped=self._wrapper.wrap_key(subject, key, wrap_key),
            created_at=self._clock(),
        )
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            return await self._find_key(subject) or await self._create_key(subject)
        return self._cache_after_commit(subject, key, generation)

    def _cache_after_commit(self, subject: str, key: bytes, generation: int) -> bytes:
        # Cache committed keys only: data encrypted under the key of an aborted transaction could never be decrypted.
        self._db.after_commit(lambda: self._cache.put(subject, key, generation))
        return key

    async def _deny_purpose(self, associated_data: str, purpose: Purpose) -> None:
        if self._on_purpose_denied is not None:
            await self._on_purpose_denied(associated_data, purpose)
        raise PurposeDeniedError(f"{associated_data} may not be read for {purpose}")

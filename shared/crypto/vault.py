"""Seals each subject's data under a key of its own; destroying the key erases what backups still hold (C31)."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import ClassVar

from shared.clock import Clock
from shared.crypto.cache import KeyCache
from shared.crypto.errors import PurposeRefusedError, SealBrokenError, SubjectForgottenError
from shared.crypto.keyring import SECRET_BYTES, Keyring, Use
from shared.crypto.sealing import seal, unseal
from shared.ids import random_bytes
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import personal_fields
from shared.policy.purposes import Purpose

OnRefused = Callable[[str, Purpose], Awaitable[None]]
"""Called with the place and the purpose when a read is refused, before the error is raised (C06)."""


class SubjectKey(Document):
    """The data key of one subject, wrapped; the row is the only copy, its deletion is the erasure."""

    collection: ClassVar[str] = "subject_keys"
    indexes: ClassVar[tuple[Index, ...]] = (Index("wrapped_by"),)

    wrapped_by: str
    wrapped: bytes
    created_at: datetime


def place_of(document: type[Document] | Document, field: str) -> str:
    """Return the place to which a sealed *field* of *document* is bound: ``accounts.email``."""
    return f"{document.collection}.{field}"


class Vault:
    """Seals, opens and forgets, subject by subject."""

    def __init__(self, db: Database, keyring: Keyring, clock: Clock, *, on_refused: OnRefused | None = None) -> None:
        """A keyring without keys to wrap and to blind fails here, not at the first customer."""
        self._db = db
        self._rows = db.collection(SubjectKey)
        self._keyring = keyring
        self._clock = clock
        self._wrap = keyring.active(Use.WRAP)
        self._blind = keyring.active(Use.BLIND).secret
        self._on_refused = on_refused
        self._cache = KeyCache()

    async def seal(self, subject: str, place: str, plaintext: bytes) -> bytes:
        """Seal *plaintext* for *place* under the key of *subject*, which is made when there is none."""
        key = await self._find(subject) or await self._make(subject)
        return seal(key, (subject, place), plaintext)

    async def open(self, subject: str, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for *place*; SubjectForgottenError when the key is gone, else SealBrokenError."""
        key = await self._find(subject)
        if key is None:
            raise SubjectForgottenError
        return unseal(key, (subject, place), sealed)

    async def reveal(self, document: Document, field: str, purpose: Purpose) -> str:
        """Open the sealed personal *field* of *document* for *purpose*, which its declaration must carry."""
        mark = personal_fields(type(document)).get(field)
        if mark is None or not mark.allows(purpose):
            await self._refuse(place_of(document, field), purpose)
        if document.subject is None:
            raise TypeError(f"{type(document).__name__} declares no subject: nothing of it can be sealed")
        subject = getattr(document, document.subject)
        return (await self.open(subject, place_of(document, field), getattr(document, field))).decode()

    async def forget(self, subject: str) -> bool:
        """Destroy the key of *subject*; other processes forget within ``cache.LIFETIME``. False when there was none."""
        deleted = await self._rows.delete({"_id": subject}, many=False)
        self._cache.drop(subject)
        self._db.after_commit(lambda: self._cache.drop(subject))
        return deleted > 0

    async def warm(self, subjects: Sequence[str]) -> None:
        """Read the keys of *subjects* at once, for work on all of them that follows within ``cache.LIFETIME``."""
        reading = self._cache.generation
        async for row in self._rows.find({"_id": {"$in": list(subjects)}}):
            self._kept(row.id, self._unwrapped(row), reading)

    def blind(self, place: str, value: str) -> str:
        """Return the blind index of *value* for *place*: equal values are found, and tell nothing without the key."""
        message = f"{len(place)}:{place}{value}"
        return hmac.new(self._blind, message.encode(), hashlib.sha256).hexdigest()

    async def rewrap(self) -> int:
        """Wrap every data key that an older key wrapped under the active one; the sealed data stays as it is."""
        done = 0
        async for row in self._rows.find({"wrapped_by": {"$ne": self._wrap.id}}):
            change = {"wrapped_by": self._wrap.id, "wrapped": self._wrapped(row.id, self._unwrapped(row))}
            done += await self._rows.update({"_id": row.id, "wrapped": row.wrapped}, {"$set": change})
        return done

    async def _find(self, subject: str) -> bytes | None:
        cached = self._cache.get(subject)
        if cached is not None:
            return cached
        reading = self._cache.generation
        row = await self._rows.get(subject)
        return None if row is None else self._kept(subject, self._unwrapped(row), reading)

    async def _make(self, subject: str) -> bytes:
        key, reading = random_bytes(SECRET_BYTES), self._cache.generation
        row = SubjectKey(
            id=subject, wrapped_by=self._wrap.id, wrapped=self._wrapped(subject, key), created_at=self._clock()
        )
        try:
            await self._rows.insert(row)
        except DuplicateError:
            return await self._find(subject) or await self._make(subject)
        return self._kept(subject, key, reading)

    def _kept(self, subject: str, key: bytes, reading: int) -> bytes:
        # Only a committed key may be cached: one of an aborted transaction would seal what nobody can open again.
        self._db.after_commit(lambda: self._cache.put(subject, key, reading))
        return key

    def _wrapped(self, subject: str, key: bytes) -> bytes:
        return seal(self._wrap.secret, (subject, self._wrap.id), key)

    def _unwrapped(self, row: SubjectKey) -> bytes:
        wrap = self._keyring.get(Use.WRAP, row.wrapped_by)
        if wrap is None:
            raise SealBrokenError(f"the keyring has no wrapping key {row.wrapped_by}")
        return unseal(wrap.secret, (row.id, wrap.id), row.wrapped)

    async def _refuse(self, place: str, purpose: Purpose) -> None:
        if self._on_refused is not None:
            await self._on_refused(place, purpose)
        raise PurposeRefusedError(f"{place} may not be read for {purpose}")

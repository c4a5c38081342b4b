"""Wraps the data key of each subject under a key of the keyring (key wrapping)."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from shared.clock import Clock
from shared.crypto.errors import DecryptionError
from shared.crypto.keyring import Key, Keyring, KeyUse
from shared.crypto.sealing import seal, unseal
from shared.mongo import Document, Index

KEY_PREPUBLISH_PERIOD: Final = timedelta(minutes=15)
"""The delay before a new wrap key is used; all replicas must be restarted with the new keyring in this time."""


class SubjectKeyDocument(Document):
    """The data key of one subject, wrapped. The row is the only copy: deleting it erases the subject's data."""

    collection: ClassVar[str] = "subject_keys"
    indexes: ClassVar[tuple[Index, ...]] = (Index("wrapped_by"),)

    wrapped_by: str
    wrapped: bytes
    lock_count: int = 0
    """Changed by ``Vault.lock_key``, so that the transaction conflicts with one that destroys the key."""
    created_at: datetime


class KeyWrapper:
    """Wraps under the active wrap key, and unwraps under every wrap key of the keyring."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        """Raise SettingError when the keyring has no active wrap key: at start, not at the first customer."""
        keyring.get_active(KeyUse.WRAP)
        self._keyring, self._clock = keyring, clock

    @property
    def newest(self) -> Key:
        """The newest wrap key that is not retired, published or not."""
        return self._keyring.get_active(KeyUse.WRAP)

    @property
    def active(self) -> Key:
        """The newest wrap key that every replica has loaded; the oldest if none is old enough."""
        keys = [key for key in self._keyring.list_by_use(KeyUse.WRAP) if not key.retired]
        published = [key for key in keys if self.active_from(key) <= self._clock()]
        return published[-1] if published else keys[0]

    def active_from(self, key: Key) -> datetime:
        """Return when *key* becomes active: at its creation if there is no other key."""
        others = [one for one in self._keyring.list_by_use(KeyUse.WRAP) if not one.retired and one.id != key.id]
        return key.created_at + KEY_PREPUBLISH_PERIOD if others else key.created_at

    def list_keys(self) -> list[Key]:
        """Return every wrap key of the keyring, oldest first, including retired ones."""
        return self._keyring.list_by_use(KeyUse.WRAP)

    def wrap_key(self, subject: str, data_key: bytes, wrap_key: Key) -> bytes:
        """Return *data_key* of *subject* sealed under *wrap_key*."""
        return seal(wrap_key.secret, (subject, wrap_key.id), data_key)

    def unwrap_key(self, row: SubjectKeyDocument) -> bytes:
        """Return the data key in *row*; DecryptionError when its wrap key is missing or the row was altered."""
        wrap_key = self._keyring.get(KeyUse.WRAP, row.wrapped_by)
        if wrap_key is None:
            raise DecryptionError(f"the keyring has no wrapping key {row.wrapped_by}")
        return unseal(wrap_key.secret, (row.id, wrap_key.id), row.wrapped)

"""Re-wraps the data keys of all subjects under the newest wrap key, so that an older one can be removed (rotation)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.clock import Clock
from shared.crypto.errors import DecryptionError
from shared.crypto.keyring import Key, Keyring
from shared.crypto.wrapping import KeyWrapper, SubjectKeyDocument
from shared.mongo import Database

BATCH_SIZE: Final = 100
"""Subject keys between two reports of progress."""
CLOCK_SKEW: Final = timedelta(minutes=1)

OnProgress = Callable[[int, int], None]
"""Called with the number of subject keys done and the total."""


class WrapKeyInUseError(Exception):
    """A wrap key cannot be removed; the message gives the reason and, if known, the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrapResult:
    """The outcome of one run."""

    rewrapped: int
    unreadable: int
    """Rows that no key of the keyring opens: altered, or their wrap key was removed too early."""
    stale: int
    """Rows made under an older key although the newest was active: a replica runs with an old keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapKeyUsage:
    """One wrap key of the keyring and the number of subject keys under it."""

    key: Key
    subject_keys: int


class Rewrapper:
    """Re-wraps the subject keys of one database, beside running replicas.

    Each row is one conditional update, so a run can be killed at any point and started again: it continues with the
    rows that an older key still wraps. No transaction is used: the embedded server keeps the transaction of a killed
    process open, and an erasure of the same subject would wait for it.
    """

    def __init__(self, db: Database, keyring: Keyring, clock: Clock) -> None:
        self._rows = db.get_collection(SubjectKeyDocument)
        self._wrapper = KeyWrapper(keyring, clock)
        self._clock = clock

    @property
    def target(self) -> Key:
        """The key under which subject keys are re-wrapped."""
        return self._wrapper.newest

    @property
    def starts_at(self) -> datetime:
        """When the newest key may be used: a replica with an older keyring could not unwrap what it has wrapped."""
        return self._wrapper.active_from(self.target)

    async def run(self, on_progress: OnProgress = lambda _done, _total: None) -> RewrapResult:
        """Re-wrap every subject key of an older wrap key; rows that cannot be opened are counted and left alone."""
        target, others = self.target, {"wrapped_by": {"$ne": self.target.id}}
        total = await self._rows.count_documents(others)
        done = unreadable = stale = seen = 0
        on_progress(0, total)
        async for row in self._rows.iter_documents(others):
            seen += 1
            stale += row.created_at > self.starts_at + CLOCK_SKEW
            try:
                done += await self._rewrap_one(row, target)
            except DecryptionError:
                unreadable += 1
            if seen % BATCH_SIZE == 0:
                on_progress(seen, max(seen, total))
        on_progress(seen, max(seen, total))
        return RewrapResult(rewrapped=done, unreadable=unreadable, stale=stale)

    async def list_usage(self) -> list[WrapKeyUsage]:
        """Return each wrap key of the keyring, oldest first, with the number of subject keys that it wraps."""
        counts = await self._count_by_key()
        return [WrapKeyUsage(key=key, subject_keys=counts.get(key.id, 0)) for key in self._wrapper.list_keys()]

    async def check_removable(self, key_id: str) -> None:
        """Raise WrapKeyInUseError unless the wrap key *key_id* may be removed from the keyring now."""
        key = next((one for one in self._wrapper.list_keys() if one.id == key_id), None)
        if key is None:
            raise WrapKeyInUseError(f"the keyring has no wrap key {key_id}")
        if key.id == self.target.id:
            raise WrapKeyInUseError(f"{key_id} is the newest wrap key: add a newer one first")
        if self._clock() < self.starts_at + CLOCK_SKEW and not key.retired:
            raise WrapKeyInUseError(f"{key_id} wraps new subject keys until {self.starts_at:%Y-%m-%d %H:%M} UTC")
        if count := (await self._count_by_key()).get(key_id, 0):
            raise WrapKeyInUseError(f"{key_id} still wraps {count} subject key(s): run rewrap first")

    async def _rewrap_one(self, row: SubjectKeyDocument, target: Key) -> int:
        wrapped = self._wrapper.wrap_key(row.id, self._wrapper.unwrap_key(row), target)
        # The expected value in the filter: a key that was destroyed in between is not written back.
        return await self._rows.update_one(
            {"_id": row.id, "wrapped": row.wrapped}, {"$set": {"wrapped_by": target.id, "wrapped": wrapped}}
        )

    async def _count_by_key(self) -> dict[str, int]:
        groups = await self._rows.run_pipeline([{"$group": {"_id": "$wrapped_by", "count": {"$sum": 1}}}])
        return {group["_id"]: group["count"] for group in groups}

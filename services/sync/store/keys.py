"""The key of each account's names and contents: made with its space, destroyed first when the account is erased."""

from dataclasses import dataclass
from datetime import timedelta

from services.sync.store.documents import SpaceKeyRow
from services.sync.store.seal import KEY_BYTES, Seal
from shared.clock import monotonic
from shared.crypto import Vault, place_of
from shared.ids import random_bytes
from shared.mongo import Database

LIFETIME = timedelta(seconds=30)
"""How long another process may still use a key that one process has destroyed."""
_MOST = 10_000
_PLACE = place_of(SpaceKeyRow, "sealed")


@dataclass(frozen=True, slots=True)
class _Held:
    seal: Seal
    until: float


class Keys:
    """Gives the seal of an account, from memory when it was used a moment ago."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault
        self._rows = db.collection(SpaceKeyRow)
        self._held: dict[str, _Held] = {}
        self._drops = 0

    async def of(self, account: str) -> Seal | None:
        """Return the seal of *account*, or None when it has no key, or no more."""
        held = self._held.get(account)
        if held is not None and monotonic() < held.until:
            return held.seal
        reading = self._drops
        row = await self._rows.get(account)
        if row is None:
            return None
        seal = Seal(account, await self._vault.open(account, _PLACE, row.sealed))
        return self._kept(seal, reading)

    async def make(self, account: str) -> Seal:
        """Make the key of *account*, in the transaction that makes its space."""
        key, reading = random_bytes(KEY_BYTES), self._drops
        await self._rows.insert(SpaceKeyRow(id=account, sealed=await self._vault.seal(account, _PLACE, key)))
        seal = Seal(account, key)
        self._db.after_commit(lambda: self._keep(seal, reading))
        return seal

    async def destroy(self, account: str) -> int:
        """Destroy the key of *account*: nothing that it sealed can be read again, here or in a backup."""
        gone = await self._rows.delete({"_id": account})
        self._db.after_commit(lambda: self.drop(account))
        return gone

    def drop(self, account: str) -> None:
        """Forget what is in memory; whoever is reading the row just now does not put it back."""
        self._drops += 1
        self._held.pop(account, None)

    def _kept(self, seal: Seal, reading: int) -> Seal:
        self._db.after_commit(lambda: self._keep(seal, reading))
        return seal

    def _keep(self, seal: Seal, reading: int) -> None:
        if reading != self._drops:
            return
        if len(self._held) >= _MOST:
            self._held.pop(next(iter(self._held)))
        self._held[seal.account] = _Held(seal, monotonic() + LIFETIME.total_seconds())

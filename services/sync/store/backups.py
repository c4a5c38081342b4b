"""The backups: when each was taken and when it ends; and their keys, apart."""

from dataclasses import asdict
from datetime import datetime

from services.sync.domain.backups import Backup, BackupState
from services.sync.store.documents import BackupKeyRow, BackupRow
from services.sync.store.seal import KEY_BYTES
from shared.crypto import Vault, place_of
from shared.ids import random_bytes
from shared.mongo import Database

_PLACE = place_of(BackupKeyRow, "sealed")


class BackupRows:
    """Reads and writes the register of backups."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(BackupRow)

    async def add(self, backup: Backup) -> None:
        """Enter a backup."""
        await self._rows.insert(BackupRow(**asdict(backup)))

    async def get(self, backup: str) -> Backup | None:
        """Return one."""
        row = await self._rows.get(backup)
        return None if row is None else _backup(row)

    async def change(self, backup: Backup, *, was: BackupState) -> bool:
        """Put *backup* in place of what it was; False when it is in another state by now."""
        return await self._rows.replace(BackupRow(**asdict(backup)), expect={"state": was.value})

    async def page(self, *, after: datetime | None, limit: int) -> list[Backup]:
        """Return backups, the latest first."""
        where = {} if after is None else {"asked_at": {"$lt": after}}
        return [_backup(row) for row in await self._rows.list(where, sort=[("asked_at", -1)], limit=limit)]

    async def in_state(self, state: BackupState) -> list[Backup]:
        """Return all that are in *state*, the first to end first."""
        return [_backup(row) for row in await self._rows.list({"state": state.value}, sort=["ends_at"])]


class BackupKeys:
    """The key of each backup, sealed by the vault under a subject of its own."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows, self._vault = db.collection(BackupKeyRow), vault

    async def make(self, backup: str) -> bytes:
        """Make the key of *backup* anew: what an earlier attempt has sealed is lost."""
        key = random_bytes(KEY_BYTES)
        await self._rows.upsert(BackupKeyRow(id=backup, sealed=await self._vault.seal(backup, _PLACE, key)))
        return key

    async def of(self, backup: str) -> bytes | None:
        """Return the key of *backup*; None when it was destroyed."""
        row = await self._rows.get(backup)
        return None if row is None else await self._vault.open(backup, _PLACE, row.sealed)

    async def destroy(self, backup: str) -> None:
        """Destroy the key of *backup*: it can never be read again."""
        await self._rows.delete({"_id": backup})
        await self._vault.forget(backup)

    async def held(self) -> set[str]:
        """Return the backups that have a key."""
        return {row.id for row in await self._rows.list({})}


def _backup(row: BackupRow) -> Backup:
    return Backup(
        id=row.id,
        state=row.state,
        asked_at=row.asked_at,
        ends_at=row.ends_at,
        taken_at=row.taken_at,
        destroyed_at=row.destroyed_at,
        accounts=row.accounts,
        nodes=row.nodes,
        bytes=row.bytes,
        sha256=row.sha256,
        drilled_at=row.drilled_at,
        drill_failed=row.drill_failed,
    )

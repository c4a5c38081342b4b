"""The register of backups, and their keys."""

from dataclasses import asdict
from datetime import datetime

from services.sync.domain.backups import Backup, BackupState
from services.sync.store.ciphers import KEY_BYTES
from services.sync.store.documents import BackupDocument, BackupKeyDocument
from shared.crypto import Vault, build_associated_data
from shared.ids import random_bytes
from shared.mongo import Database

_ASSOCIATED_DATA = build_associated_data(BackupKeyDocument, "sealed")


class Backups:
    """Reads and writes the register of backups."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(BackupDocument)

    async def add(self, backup: Backup) -> None:
        """Insert a backup."""
        await self._rows.insert_one(BackupDocument(**asdict(backup)))

    async def get(self, backup: str) -> Backup | None:
        """Return a backup."""
        row = await self._rows.get(backup)
        return None if row is None else _to_backup(row)

    async def update(self, backup: Backup, *, expected_state: BackupState) -> bool:
        """Replace a backup; False when its state is no longer *expected_state*."""
        return await self._rows.replace_one(BackupDocument(**asdict(backup)), expect={"state": expected_state.value})

    async def list_page(self, *, after: datetime | None, limit: int) -> list[Backup]:
        """Return backups, newest first."""
        where = {} if after is None else {"requested_at": {"$lt": after}}
        return [_to_backup(row) for row in await self._rows.list(where, sort=[("requested_at", -1)], limit=limit)]

    async def list_by_state(self, state: BackupState) -> list[Backup]:
        """Return the backups in *state*, the first to expire first."""
        return [_to_backup(row) for row in await self._rows.list({"state": state.value}, sort=["expires_at"])]


class BackupKeys:
    """The keys of backups, each sealed by the vault under a subject of its own."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows, self._vault = db.get_collection(BackupKeyDocument), vault

    async def create(self, backup: str) -> bytes:
        """Create a new key for *backup*; what an earlier attempt has sealed becomes unreadable."""
        key = random_bytes(KEY_BYTES)
        await self._rows.upsert_one(
            BackupKeyDocument(id=backup, sealed=await self._vault.seal(backup, _ASSOCIATED_DATA, key))
        )
        return key

    async def get(self, backup: str) -> bytes | None:
        """Return the key of *backup*; None when it was destroyed."""
        row = await self._rows.get(backup)
        return None if row is None else await self._vault.open(backup, _ASSOCIATED_DATA, row.sealed)

    async def destroy_key(self, backup: str) -> None:
        """Destroy the key of *backup*, so that it can never be read again."""
        await self._rows.delete_many({"_id": backup})
        await self._vault.destroy_key(backup)

    async def list_backup_ids(self) -> set[str]:
        """Return the backups that have a key."""
        return {row.id for row in await self._rows.list({})}


def _to_backup(document: BackupDocument) -> Backup:
    return Backup(
        id=document.id,
        state=document.state,
        requested_at=document.requested_at,
        expires_at=document.expires_at,
        created_at=document.created_at,
        destroyed_at=document.destroyed_at,
        accounts=document.accounts,
        nodes=document.nodes,
        bytes=document.bytes,
        sha256=document.sha256,
        drilled_at=document.drilled_at,
        drill_failed=document.drill_failed,
    )

"""Backups of all trees (C19): each under a key of its own, deleted by its end date, the key first.

A backup is one stream of records: the account, its nodes as stored (names and properties sealed under the account's
key), its contents (sealed, too). No backup holds the accounts' keys, so an erased account stays unreadable.
"""

import asyncio
import hashlib
import json
import math
import struct
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.sync.domain.backups import Backup, BackupState, backup_expiry
from services.sync.domain.frames import FRAME_SIZE, MAX_INLINE_SIZE, SEALED_FRAME_SIZE, count_frames
from services.sync.errors import BackupNotFoundError, CorruptContentError
from services.sync.ports import Blobs
from services.sync.store import AccountUsages, BackupKeys, Backups, Contents, Nodes
from services.sync.store.ciphers import ContentCipher
from shared import observe
from shared.bus import Outbox
from shared.clock import Clock, rfc3339
from shared.contracts import sync_v1
from shared.ids import NewId
from shared.mongo import Database

POLL_INTERVAL: Final = 60.0
"""Poll interval in seconds."""
METRICS_INTERVAL: Final = 15.0
_EXPIRY_MARGIN: Final = timedelta(minutes=5)
"""A backup is deleted a little before its end date rather than after it."""
_BATCH_SIZE: Final = 200
BackupRecord = tuple[dict[str, Any], bytes]
"""A record of a backup: its kind as JSON, and sealed bytes."""


_newest_age = observe.gauge(
    "candor_backup_newest_age_seconds", "How long ago the newest backup was created; +Inf without any."
)
_oldest_age = observe.gauge("candor_backup_oldest_age_seconds", "How long ago the oldest existing backup was created.")


@dataclass(slots=True)
class _BackupCounts:
    """The counts of a backup."""

    accounts: int = 0
    nodes: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupService:
    """Creates, lists and deletes backups."""

    db: Database
    repository: Backups
    keys: BackupKeys
    usages: AccountUsages
    nodes: Nodes
    contents: Contents
    blobs: Blobs
    """The store of the files' contents."""
    backup_blobs: Blobs
    """The store of the backups."""
    outbox: Outbox
    new_id: NewId
    clock: Clock
    interval: timedelta
    retention: timedelta
    wakeup: asyncio.Event

    async def run(self) -> None:
        """Run due work on schedule."""
        while True:
            self.wakeup.clear()
            await self.run_once()
            try:
                async with asyncio.timeout(POLL_INTERVAL):
                    await self.wakeup.wait()
            except TimeoutError:
                continue

    async def export_metrics(self) -> None:
        """Export the metrics on schedule; every replica does, whichever runs the backups."""
        while True:
            await self.update_metrics(at=self.clock())
            await asyncio.sleep(METRICS_INTERVAL)

    async def update_metrics(self, *, at: datetime) -> None:
        """Set the metrics."""
        ages = [
            (at - backup.created_at).total_seconds()
            for backup in await self.repository.list_by_state(BackupState.AVAILABLE)
            if backup.created_at is not None
        ]
        _newest_age.set(min(ages, default=math.inf))
        _oldest_age.set(max(ages, default=0))

    async def run_once(self) -> None:
        """Delete expired backups, then create requested and scheduled ones."""
        now = self.clock()
        for state in (BackupState.AVAILABLE, BackupState.REQUESTED):
            for backup in await self.repository.list_by_state(state):
                if backup.is_overdue(now + _EXPIRY_MARGIN):
                    await self.delete(backup.id, at=now)
        latest = await self.repository.list_page(after=None, limit=1)
        if not latest or now - latest[0].requested_at >= self.interval:
            await self.request(at=now)
        for backup in await self.repository.list_by_state(BackupState.REQUESTED):
            await self.create(backup)

    async def request(self, *, at: datetime) -> Backup:
        """Request a backup; its end date is fixed from now on."""
        backup = Backup(
            id=self.new_id("bak"),
            state=BackupState.REQUESTED,
            requested_at=at,
            expires_at=backup_expiry(at, self.retention),
        )
        await self.repository.add(backup)
        self.wakeup.set()
        return backup

    async def list(self, *, after: datetime | None, limit: int) -> list[Backup]:
        """Return backups, newest first."""
        return await self.repository.list_page(after=after, limit=limit)

    async def create(self, backup: Backup) -> None:
        """Write a requested backup; a failed attempt is repeated under another key."""
        key, counts = await self.keys.create(backup.id), _BackupCounts()
        await self.backup_blobs.delete(backup.id)
        digest = hashlib.sha256()
        frames = _seal_frames(
            ContentCipher(backup.id, backup.id, key), _hash_pieces(self._iter_records(counts), digest)
        )
        await self.backup_blobs.write(backup.id, frames)
        created = replace(
            backup,
            state=BackupState.AVAILABLE,
            created_at=self.clock(),
            accounts=counts.accounts,
            nodes=counts.nodes,
            bytes=counts.bytes,
            sha256=digest.hexdigest(),
        )
        await self.db.with_transaction(lambda: self._record_created(created))

    async def _record_created(self, backup: Backup) -> None:
        if backup.created_at is not None and await self.repository.update(backup, expected_state=BackupState.REQUESTED):
            event = sync_v1.BackupCreated(backup_id=backup.id)
            event.created_at.FromDatetime(backup.created_at)
            event.expires_at.FromDatetime(backup.expires_at)
            await self.outbox.put(event)

    async def delete(self, backup_id: str, *, at: datetime) -> Backup:
        """Delete a backup: its key first, which makes it unreadable, then its bytes."""
        backup = await self.repository.get(backup_id)
        if backup is None:
            raise BackupNotFoundError
        await self.keys.destroy_key(backup_id)
        await self.backup_blobs.delete(backup_id)
        if backup.state is BackupState.DESTROYED:
            return backup
        destroyed = replace(backup, state=BackupState.DESTROYED, destroyed_at=at)
        await self.db.with_transaction(lambda: self._record_destroyed(destroyed, expected_state=backup.state))
        return destroyed

    async def _record_destroyed(self, backup: Backup, *, expected_state: BackupState) -> None:
        if backup.destroyed_at is not None and await self.repository.update(backup, expected_state=expected_state):
            event = sync_v1.BackupDestroyed(backup_id=backup.id)
            event.destroyed_at.FromDatetime(backup.destroyed_at)
            await self.outbox.put(event)

    async def verify(self, backup: Backup) -> int:
        """Read a whole backup and return how many nodes it holds; CorruptContentError when it is damaged."""
        return sum([header["record"] == "node" async for header, _ in self.read(backup)])

    async def read(self, backup: Backup) -> AsyncGenerator[BackupRecord, None]:
        """Yield the records of a backup in order; CorruptContentError when it is damaged."""
        key = await self.keys.get(backup.id)
        if key is None:
            raise BackupNotFoundError
        digest = hashlib.sha256()
        async with self.backup_blobs.open(backup.id) as blob:
            frames = _open_frames(ContentCipher(backup.id, backup.id, key), blob)
            async for record in _decode_records(_hash_pieces(frames, digest)):
                yield record
        if backup.sha256 and digest.hexdigest() != backup.sha256:
            raise CorruptContentError

    async def _iter_records(self, counts: _BackupCounts) -> AsyncIterator[bytes]:
        """Yield all account ids in order."""
        last = ""
        while accounts := await self.usages.list_account_ids(after=last, limit=_BATCH_SIZE):
            for account in accounts:
                counts.accounts += 1
                async for record in self._iter_account(account, counts):
                    yield record
            last = accounts[-1]

    async def _iter_account(self, account: str, counts: _BackupCounts) -> AsyncIterator[bytes]:
        yield _encode_record({"record": "account", "id": account})
        # In a transaction: one snapshot of the tree, without nodes whose folder is missing.
        rows = await self.db.with_transaction(lambda: self.nodes.list_stored(account))
        counts.nodes += len(rows)
        for row in rows:
            yield _encode_record({"record": "node", **{name: _to_json(value) for name, value in row.items()}})
        contents = {row["content"]: row["size"] for row in rows if row["content"]}
        for content, size in contents.items():
            async for piece in self._iter_content(account, content, size):
                counts.bytes += len(piece)
                yield piece

    async def _iter_content(self, account: str, content: str, size: int) -> AsyncIterator[bytes]:
        """Yield a content as stored, sealed; one that was deleted since is left out."""
        if size <= MAX_INLINE_SIZE:
            sealed = await self.contents.get_inline(account, content)
            if sealed is not None:
                yield _encode_record({"record": "content", "id": content, "size": size}, sealed)
            return
        try:
            async with self.blobs.open(content) as blob:
                yield _encode_record({"record": "content", "id": content, "size": size, "frames": count_frames(size)})
                for index in range(count_frames(size)):
                    yield _encode_record(
                        {"record": "frame"}, await blob.read(index * SEALED_FRAME_SIZE, SEALED_FRAME_SIZE)
                    )
        except CorruptContentError:
            return


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return rfc3339(value) if isinstance(value, datetime) else value


def _encode_record(header: dict[str, Any], payload: bytes = b"") -> bytes:
    head = json.dumps(header, default=str).encode()
    return struct.pack(">II", len(head), len(payload)) + head + payload


async def _hash_pieces(pieces: AsyncIterator[bytes], content_hash: "hashlib._Hash") -> AsyncIterator[bytes]:
    async for piece in pieces:
        content_hash.update(piece)
        yield piece


async def _seal_frames(cipher: ContentCipher, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield *records* as sealed frames; the last is marked, so that a truncated backup does not open."""
    buffer, index = bytearray(), 0
    async for record in records:
        buffer += record
        while len(buffer) > FRAME_SIZE:
            frame = bytes(buffer[:FRAME_SIZE])
            del buffer[:FRAME_SIZE]
            yield await asyncio.to_thread(cipher.seal, index, frame, last=False)
            index += 1
    yield await asyncio.to_thread(cipher.seal, index, bytes(buffer), last=True)


async def _open_frames(cipher: ContentCipher, blob: Any) -> AsyncIterator[bytes]:
    index, ahead = 0, await blob.read(0, SEALED_FRAME_SIZE)
    while True:
        sealed, ahead = ahead, await blob.read((index + 1) * SEALED_FRAME_SIZE, SEALED_FRAME_SIZE)
        yield await asyncio.to_thread(cipher.open, index, sealed, last=not ahead)
        if not ahead:
            return
        index += 1


async def _decode_records(frames: AsyncIterator[bytes]) -> AsyncIterator[BackupRecord]:
    """Yield the records in *frames*."""
    buffer = bytearray()
    async for frame in frames:
        buffer += frame
        while len(buffer) >= 8:
            head, payload = struct.unpack_from(">II", buffer)
            end = 8 + head + payload
            if len(buffer) < end:
                break
            yield json.loads(buffer[8 : 8 + head]), bytes(buffer[8 + head : end])
            del buffer[:end]
    if buffer:
        raise CorruptContentError

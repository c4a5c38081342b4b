"""Backups of all trees: each sealed under its own key, with an end date, destroyed by then, the key first (C19).

A backup is one stream of records: the account, its nodes as they are stored (names and properties sealed under the
account's key), its contents (sealed, too). The accounts' keys are in no backup, so an erased account stays unreadable.
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

from services.sync.domain.backups import Backup, BackupState, end_of
from services.sync.domain.frames import FRAME, INLINE, SEALED_FRAME, frame_count
from services.sync.errors import BackupUnknownError, ContentDamagedError
from services.sync.ports import Blobs
from services.sync.store import BackupKeys, BackupRows, Contents, Nodes, Spaces
from services.sync.store.seal import ContentSeal
from shared import observe
from shared.bus import Outbox
from shared.clock import Clock, rfc3339
from shared.contracts import sync_v1
from shared.ids import NewId
from shared.mongo import Database

LOOK_EVERY: Final = 60.0
"""Seconds between two looks at what is due."""
MEASURE_EVERY: Final = 15.0
_MARGIN: Final = timedelta(minutes=5)
"""A backup goes a little before its end date rather than after it."""
_AT_ONCE: Final = 200
Record = tuple[dict[str, Any], bytes]
"""What a backup consists of: what it is, as JSON, and sealed bytes."""


_newest = observe.gauge("backup_newest_seconds", "How long ago the newest backup was taken; +Inf without any.")
_oldest = observe.gauge("backup_oldest_seconds", "How long ago the oldest backup that is held was taken.")


@dataclass(slots=True)
class _Tally:
    """What a backup holds."""

    accounts: int = 0
    nodes: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """Takes, lists and destroys backups."""

    db: Database
    rows: BackupRows
    keys: BackupKeys
    spaces: Spaces
    nodes: Nodes
    contents: Contents
    blobs: Blobs
    """Where the files' contents are."""
    vaulted: Blobs
    """Where the backups go."""
    outbox: Outbox
    new_id: NewId
    clock: Clock
    every: timedelta
    kept_for: timedelta
    called: asyncio.Event

    async def run(self) -> None:
        """Do what is due, for ever."""
        while True:
            self.called.clear()
            await self.tend()
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self.called.wait()
            except TimeoutError:
                continue

    async def watch(self) -> None:
        """Measure, for ever; every replica does, whoever takes the backups."""
        while True:
            await self.measure(at=self.clock())
            await asyncio.sleep(MEASURE_EVERY)

    async def measure(self, *, at: datetime) -> None:
        """Set the metrics."""
        ages = [
            (at - backup.taken_at).total_seconds()
            for backup in await self.rows.in_state(BackupState.HELD)
            if backup.taken_at is not None
        ]
        _newest.set(min(ages, default=math.inf))
        _oldest.set(max(ages, default=0))

    async def tend(self) -> None:
        """Destroy what is at its end, then take what is wanted or due."""
        now = self.clock()
        for state in (BackupState.HELD, BackupState.WANTED):
            for backup in await self.rows.in_state(state):
                if backup.overdue(now + _MARGIN):
                    await self.destroy(backup.id, at=now)
        latest = await self.rows.page(after=None, limit=1)
        if not latest or now - latest[0].asked_at >= self.every:
            await self.ask(at=now)
        for backup in await self.rows.in_state(BackupState.WANTED):
            await self.take(backup)

    async def ask(self, *, at: datetime) -> Backup:
        """Ask for a backup; its end date stands from now on."""
        backup = Backup(id=self.new_id("bak"), state=BackupState.WANTED, asked_at=at, ends_at=end_of(at, self.kept_for))
        await self.rows.add(backup)
        self.called.set()
        return backup

    async def list(self, *, after: datetime | None, limit: int) -> list[Backup]:
        """Return backups, the latest first."""
        return await self.rows.page(after=after, limit=limit)

    async def take(self, backup: Backup) -> None:
        """Write a wanted backup; an attempt that fails is begun anew under another key."""
        key, tally = await self.keys.make(backup.id), _Tally()
        await self.vaulted.delete(backup.id)
        summed = hashlib.sha256()
        frames = _sealed(ContentSeal(backup.id, backup.id, key), _summed(self._records(tally), summed))
        await self.vaulted.write(backup.id, frames)
        held = replace(
            backup,
            state=BackupState.HELD,
            taken_at=self.clock(),
            accounts=tally.accounts,
            nodes=tally.nodes,
            bytes=tally.bytes,
            sha256=summed.hexdigest(),
        )
        await self.db.transact(lambda: self._enter(held))

    async def _enter(self, held: Backup) -> None:
        if held.taken_at is not None and await self.rows.change(held, was=BackupState.WANTED):
            taken = sync_v1.BackupTaken(backup_id=held.id)
            taken.taken_at.FromDatetime(held.taken_at)
            taken.ends_at.FromDatetime(held.ends_at)
            await self.outbox.put(taken)

    async def destroy(self, backup_id: str, *, at: datetime) -> Backup:
        """Destroy a backup: its key first, which is the end of it, then its bytes."""
        backup = await self.rows.get(backup_id)
        if backup is None:
            raise BackupUnknownError
        await self.keys.destroy(backup_id)
        await self.vaulted.delete(backup_id)
        if backup.state is BackupState.DESTROYED:
            return backup
        gone = replace(backup, state=BackupState.DESTROYED, destroyed_at=at)
        await self.db.transact(lambda: self._strike(gone, was=backup.state))
        return gone

    async def _strike(self, gone: Backup, *, was: BackupState) -> None:
        if gone.destroyed_at is not None and await self.rows.change(gone, was=was):
            destroyed = sync_v1.BackupDestroyed(backup_id=gone.id)
            destroyed.destroyed_at.FromDatetime(gone.destroyed_at)
            await self.outbox.put(destroyed)

    async def verify(self, backup: Backup) -> int:
        """Read a backup from its first byte to its last; return how many nodes it holds. Raises when it is damaged."""
        return sum([header["record"] == "node" async for header, _ in self.read(backup)])

    async def read(self, backup: Backup) -> AsyncGenerator[Record, None]:
        """Yield the records of a backup in order; ContentDamagedError when it is not what was taken."""
        key = await self.keys.of(backup.id)
        if key is None:
            raise BackupUnknownError
        summed = hashlib.sha256()
        async with self.vaulted.open(backup.id) as blob:
            frames = _opened(ContentSeal(backup.id, backup.id, key), blob)
            async for record in _read(_summed(frames, summed)):
                yield record
        if backup.sha256 and summed.hexdigest() != backup.sha256:
            raise ContentDamagedError

    async def _records(self, tally: _Tally) -> AsyncIterator[bytes]:
        """Yield all accounts, one after the other."""
        last = ""
        while accounts := await self.spaces.accounts(after=last, limit=_AT_ONCE):
            for account in accounts:
                tally.accounts += 1
                async for record in self._account(account, tally):
                    yield record
            last = accounts[-1]

    async def _account(self, account: str, tally: _Tally) -> AsyncIterator[bytes]:
        yield _record({"record": "account", "id": account})
        # In a transaction: the tree as it is at one moment, with no node whose folder is missing.
        rows = await self.db.transact(lambda: self.nodes.stored(account))
        tally.nodes += len(rows)
        for row in rows:
            yield _record({"record": "node", **{name: _plain(value) for name, value in row.items()}})
        contents = {row["content"]: row["size"] for row in rows if row["content"]}
        for content, size in contents.items():
            async for piece in self._content(account, content, size):
                tally.bytes += len(piece)
                yield piece

    async def _content(self, account: str, content: str, size: int) -> AsyncIterator[bytes]:
        """Yield a content as it is sealed; one that was replaced and cleared away since is left out."""
        if size <= INLINE:
            sealed = await self.contents.inline(account, content)
            if sealed is not None:
                yield _record({"record": "content", "id": content, "size": size}, sealed)
            return
        try:
            async with self.blobs.open(content) as blob:
                yield _record({"record": "content", "id": content, "size": size, "frames": frame_count(size)})
                for index in range(frame_count(size)):
                    yield _record({"record": "frame"}, await blob.read(index * SEALED_FRAME, SEALED_FRAME))
        except ContentDamagedError:
            return


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return rfc3339(value) if isinstance(value, datetime) else value


def _record(header: dict[str, Any], payload: bytes = b"") -> bytes:
    head = json.dumps(header, default=str).encode()
    return struct.pack(">II", len(head), len(payload)) + head + payload


async def _summed(pieces: AsyncIterator[bytes], into: "hashlib._Hash") -> AsyncIterator[bytes]:
    async for piece in pieces:
        into.update(piece)
        yield piece


async def _sealed(seal: ContentSeal, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield *records* as sealed frames; the last one says so, so that a backup that was cut does not open."""
    buffer, index = bytearray(), 0
    async for record in records:
        buffer += record
        while len(buffer) > FRAME:
            frame = bytes(buffer[:FRAME])
            del buffer[:FRAME]
            yield await asyncio.to_thread(seal.seal, index, frame, last=False)
            index += 1
    yield await asyncio.to_thread(seal.seal, index, bytes(buffer), last=True)


async def _opened(seal: ContentSeal, blob: Any) -> AsyncIterator[bytes]:
    index, ahead = 0, await blob.read(0, SEALED_FRAME)
    while True:
        sealed, ahead = ahead, await blob.read((index + 1) * SEALED_FRAME, SEALED_FRAME)
        yield await asyncio.to_thread(seal.open, index, sealed, last=not ahead)
        if not ahead:
            return
        index += 1


async def _read(frames: AsyncIterator[bytes]) -> AsyncIterator[Record]:
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
        raise ContentDamagedError

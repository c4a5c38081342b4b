"""The transparency log of the ledger in MongoDB: head, staged batch, public files, and where each entry went."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from services.disclosure.domain import LoggedEntry
from services.disclosure.store.access_entries import AccessEntryDocument, to_entry
from shared.mongo import Collection, Database, Document, DuplicateError, EmbeddedValue, Index
from shared.tlog.merkle import HASH_SIZE
from shared.tlog.notes import SignedNote
from shared.tlog.tiles import TILE_WIDTH, RightEdge, Tile, join_entries, split_entries, width_of
from shared.tlog.writer import LogConflictError, LogHead, StagedBatch

_ONLY = "log"
"""There is one log, so one head and one checkpoint."""


class LogHeadDocument(Document):
    """The size and root that the log has decided on."""

    collection: ClassVar[str] = "log_heads"
    size: int
    root: bytes


class LogFileValue(EmbeddedValue):
    """A file of a batch."""

    path: str
    content: bytes


class LogBatchDocument(Document):
    """A staged batch: the right edge after it, and its full files. ``_id`` names the head that it leads to."""

    collection: ClassVar[str] = "log_batches"
    indexes: ClassVar[tuple[Index, ...]] = (Index("size"),)
    size: int
    levels: list[bytes]
    """The hashes of the partial tile of each level, joined."""
    entries: bytes
    """The partial bundle."""
    files: list[LogFileValue]


class LogPlaceDocument(Document):
    """The ids of the entries of a batch in the order of the log; ``_id`` is the index of the first."""

    collection: ClassVar[str] = "log_places"
    entry_ids: list[str]


class LogFileDocument(Document):
    """A public file, ``_id`` its path. It never changes."""

    collection: ClassVar[str] = "log_files"
    content: bytes


class LogCheckpointDocument(Document):
    """The public checkpoint, and when the next one was asked for."""

    collection: ClassVar[str] = "log_checkpoints"
    note: bytes = b""
    requested_at: datetime | None = None


LOG_DOCUMENTS = (LogHeadDocument, LogBatchDocument, LogPlaceDocument, LogFileDocument, LogCheckpointDocument)


class LedgerLogStore:
    """Keeps the contract of ``LogStorage``; the head and the places of a batch are one transaction."""

    def __init__(self, db: Database) -> None:
        self._entries: Collection[AccessEntryDocument] = db.get_collection(AccessEntryDocument)
        self._heads: Collection[LogHeadDocument] = db.get_collection(LogHeadDocument)
        self._batches: Collection[LogBatchDocument] = db.get_collection(LogBatchDocument)
        self._places: Collection[LogPlaceDocument] = db.get_collection(LogPlaceDocument)
        self._files: Collection[LogFileDocument] = db.get_collection(LogFileDocument)
        self._checkpoints: Collection[LogCheckpointDocument] = db.get_collection(LogCheckpointDocument)
        self._transact = db.with_transaction

    async def read_head(self) -> LogHead | None:
        """Return the head; None for a log that has none yet."""
        row = await self._heads.get(_ONLY)
        return LogHead(row.size, row.root) if row else None

    async def replace_head(self, expected: LogHead | None, head: LogHead, entry_ids: Sequence[str]) -> bool:
        """Replace the head if it is *expected*, and record the places of *entry_ids*, in one transaction."""
        row = LogHeadDocument(id=_ONLY, size=head.size, root=head.root)
        first = head.size - len(entry_ids)

        async def write() -> bool:
            if expected is None:
                await self._heads.insert_one(row)
            elif not await self._heads.replace_one(row, expect={"size": expected.size, "root": expected.root}):
                return False
            await self._places.insert_one(LogPlaceDocument(id=_number(first), entry_ids=list(entry_ids)))
            await self._entries.update_many({"_id": {"$in": list(entry_ids)}}, {"$set": {"batch_first": first}})
            return True

        try:
            return await self._transact(write)
        except DuplicateError:
            return False

    async def stage_batch(self, batch: StagedBatch) -> None:
        """Store *batch* under its head: two writers may stage different batches of one size."""
        edge = batch.edge
        await self._batches.upsert_one(
            LogBatchDocument(
                id=_batch_id(batch.head),
                size=edge.size,
                levels=[b"".join(hashes) for hashes in edge.levels],
                entries=join_entries(edge.entries),
                files=[LogFileValue(path=tile.path, content=content) for tile, content in batch.files.items()],
            )
        )

    async def read_batch(self, head: LogHead) -> StagedBatch | None:
        """Return the batch that leads to *head*."""
        row = await self._batches.get(_batch_id(head))
        return _to_batch(row) if row else None

    async def delete_batches(self, *, below: int) -> None:
        """Delete the batches of smaller heads."""
        await self._batches.delete_many({"size": {"$lt": below}})

    async def publish_files(self, files: Mapping[Tile, bytes]) -> None:
        """Make *files* public; LogConflictError where one exists with other bytes."""
        known = await self._list_files(list(files))
        for tile, content in files.items():
            if known.get(tile.path, content) != content:
                raise LogConflictError(f"{tile.path} exists with other bytes")
        missing = [tile for tile in files if tile.path not in known]
        await self._files.insert_many(LogFileDocument(id=tile.path, content=files[tile]) for tile in missing)

    async def read_files(self, tiles: Sequence[Tile]) -> Mapping[Tile, bytes]:
        """Return those of *tiles* that are public."""
        known = await self._list_files(tiles)
        return {tile: known[tile.path] for tile in tiles if tile.path in known}

    async def read_checkpoint(self) -> bytes | None:
        """Return the public checkpoint."""
        row = await self._checkpoints.get(_ONLY)
        return row.note if row and row.note else None

    async def publish_checkpoint(self, checkpoint: SignedNote) -> None:
        """Replace the public checkpoint."""
        await self._checkpoints.upsert_one(LogCheckpointDocument(id=_ONLY, note=bytes(checkpoint)))

    async def request_checkpoint(self, *, at: datetime) -> None:
        """Ask the writer for a checkpoint soon."""
        await self._checkpoints.update_one({"_id": _ONLY}, {"$set": {"requested_at": at}})

    async def is_checkpoint_requested(self) -> bool:
        """Return whether a checkpoint was asked for since the last one."""
        row = await self._checkpoints.get(_ONLY)
        return row is not None and row.requested_at is not None

    async def list_pending(self, *, limit: int) -> list[LoggedEntry]:
        """Return entries that are not in the log yet."""
        return [_to_logged(row, None) for row in await self._entries.list({"batch_first": None}, limit=limit)]

    async def get_entry(self, account_id: str, entry_id: str) -> LoggedEntry | None:
        """Return an entry of *account_id*."""
        row = await self._entries.get(entry_id)
        if row is None or row.account_id != account_id:
            return None
        return _to_logged(row, await self._find_index(row))

    async def list_newest_logged(self, *, limit: int) -> list[LoggedEntry]:
        """Return entries that are in the log, the newest accesses first."""
        rows = await self._entries.list(
            {"batch_first": {"$gte": 0}}, sort=[("batch_first", -1), ("_id", -1)], limit=limit
        )
        return [_to_logged(row, await self._find_index(row)) for row in rows]

    async def has_leaf(self, logged: LoggedEntry) -> bool:
        """Return whether the log has the leaf of *logged* at its index."""
        head = await self.read_head()
        if logged.index is None or head is None or logged.index >= head.size:
            return False
        number, place = divmod(logged.index, TILE_WIDTH)
        bundle = Tile(None, number, width_of(0, number, head.size))
        if bundle.is_full:
            content = (await self.read_files([bundle])).get(bundle)
        else:
            staged = await self.read_batch(head)
            content = staged.edge.partial_files().get(bundle) if staged else None
        return content is not None and split_entries(bundle, content)[place] == logged.leaf

    async def _find_index(self, row: AccessEntryDocument) -> int | None:
        if row.batch_first is None:
            return None
        place = await self._places.get(_number(row.batch_first))
        return row.batch_first + place.entry_ids.index(row.id) if place else None

    async def _list_files(self, tiles: Sequence[Tile]) -> dict[str, bytes]:
        rows = await self._files.list({"_id": {"$in": [tile.path for tile in tiles]}})
        return {row.id: row.content for row in rows}


def _to_batch(row: LogBatchDocument) -> StagedBatch:
    levels = tuple(
        tuple(joined[start : start + HASH_SIZE] for start in range(0, len(joined), HASH_SIZE)) for joined in row.levels
    )
    width = len(levels[0]) if levels else 0
    entries = tuple(split_entries(Tile(None, 0, width), row.entries))
    return StagedBatch(
        RightEdge(row.size, levels, entries), {Tile.parse(each.path): each.content for each in row.files}
    )


def _to_logged(row: AccessEntryDocument, index: int | None) -> LoggedEntry:
    return LoggedEntry(entry=to_entry(row), salt=row.salt, index=index)


def _batch_id(head: LogHead) -> str:
    return f"{_number(head.size)}:{head.root.hex()}"


def _number(size: int) -> str:
    """Return *size* as an id that sorts like a number; too short for a card number (C18)."""
    return f"{size:010}"

"""A log in memory that can fail at any write, and tells what was written in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.tlog.notes import SignedNote
from shared.tlog.tiles import Tile
from shared.tlog.writer import LogConflictError, LogHead, StagedBatch


class WriteLostError(Exception):
    """The storage has failed."""


@dataclass
class MemoryLog:
    """Keeps the contract of ``LogStorage``."""

    head: LogHead | None = None
    batches: dict[LogHead, StagedBatch] = field(default_factory=dict)
    files: dict[Tile, bytes] = field(default_factory=dict)
    checkpoint: bytes | None = None
    appended: list[str] = field(default_factory=list)
    """The ids of all entries in the order of the log."""
    writes: int = 0
    fails_before: set[int] = field(default_factory=set)
    """The numbers of the writes that fail without an effect, counted from 1."""
    fails_after: set[int] = field(default_factory=set)
    """The numbers of the writes that take effect, but whose answer is lost."""
    is_unreadable: bool = False

    async def read_head(self) -> LogHead | None:
        if self.is_unreadable:
            raise WriteLostError
        return self.head

    async def replace_head(self, expected: LogHead | None, head: LogHead, entry_ids: Sequence[str]) -> bool:
        self._begin()
        is_expected = self.head == expected
        if is_expected:
            self.head = head
            self.appended.extend(entry_ids)
        self._end()
        return is_expected

    async def stage_batch(self, batch: StagedBatch) -> None:
        self._begin()
        self.batches[batch.head] = batch
        self._end()

    async def read_batch(self, head: LogHead) -> StagedBatch | None:
        return self.batches.get(head)

    async def delete_batches(self, *, below: int) -> None:
        self._begin()
        self.batches = {head: batch for head, batch in self.batches.items() if head.size >= below}
        self._end()

    async def publish_files(self, files: Mapping[Tile, bytes]) -> None:
        for tile, content in files.items():
            self._begin()
            if self.files.setdefault(tile, content) != content:
                raise LogConflictError(f"{tile.path} exists with other bytes")
            self._end()

    async def read_files(self, tiles: Sequence[Tile]) -> Mapping[Tile, bytes]:
        return {tile: self.files[tile] for tile in tiles if tile in self.files}

    async def read_checkpoint(self) -> bytes | None:
        return self.checkpoint

    async def publish_checkpoint(self, checkpoint: SignedNote) -> None:
        self._begin()
        self.checkpoint = bytes(checkpoint)
        self._end()

    async def read_path(self, path: str) -> bytes:
        """Return a public file, as a web server would."""
        if path == "checkpoint":
            assert self.checkpoint is not None
            return self.checkpoint
        return self.files[Tile.parse(path)]

    def _begin(self) -> None:
        self.writes += 1
        if self.writes in self.fails_before:
            raise WriteLostError

    def _end(self) -> None:
        if self.writes in self.fails_after:
            raise WriteLostError

"""Appends to a log so that a crash at any moment, or a write that fails, never forks or shortens it.

The order of a batch: its files are staged, the head is moved by compare-and-set, the full tiles are published. A
checkpoint is signed and published only over files that are public. So at start

- a head ahead of the public files: the staged files are published again;
- a public checkpoint that the head does not contain: the log stays down (``LogConflictError``), since whatever is
  signed next would contradict it.

After any failed write the writer loads the stored state again before it appends, and stays down while it cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from shared.tlog.checkpoints import Checkpoint, open_checkpoint
from shared.tlog.merkle import LeafRange, cover_range, hash_range, plan_inclusion_proof, plan_nodes
from shared.tlog.notes import SignedNote, SignerKey
from shared.tlog.proofs import InclusionProof
from shared.tlog.tiles import RightEdge, Tile, find_tiles, hash_nodes


class LogConflictError(Exception):
    """The stored log contradicts itself or what it has signed; nothing may be appended until a person has looked."""


class HeadMovedError(Exception):
    """Another writer has appended first; nothing of this batch counts, and the next attempt loads what it wrote."""


class LogEntry(NamedTuple):
    """An entry and its id in the storage, under which its index is found later."""

    id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class LogHead:
    """The size and root that the log has decided on."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """What the log needs to become a head: the right edge after the batch, and the full files of the batch."""

    edge: RightEdge
    files: Mapping[Tile, bytes]

    @property
    def head(self) -> LogHead:
        """Return the head that the batch leads to."""
        return LogHead(self.edge.size, self.edge.root)


class LogStorage(Protocol):
    """Where a log is stored. Each method is durable when it returns."""

    async def read_head(self) -> LogHead | None:
        """Return the head; None for a log that has none yet."""

    async def replace_head(self, expected: LogHead | None, head: LogHead, entry_ids: Sequence[str]) -> bool:
        """Replace the head if it is *expected*, and record in the same write that *entry_ids* were appended in order.

        Return whether it was.
        """

    async def stage_batch(self, batch: StagedBatch) -> None:
        """Store *batch* under its head; one of the same head is replaced, it has the same content."""

    async def read_batch(self, head: LogHead) -> StagedBatch | None:
        """Return the batch that leads to *head*."""

    async def delete_batches(self, *, below: int) -> None:
        """Delete the batches of heads with a size below *below*."""

    async def publish_files(self, files: Mapping[Tile, bytes]) -> None:
        """Make *files* public; LogConflictError where one exists with other bytes. Existing ones are left alone."""

    async def read_files(self, tiles: Sequence[Tile]) -> Mapping[Tile, bytes]:
        """Return those of *tiles* that are public."""

    async def read_checkpoint(self) -> bytes | None:
        """Return the public checkpoint."""

    async def publish_checkpoint(self, checkpoint: SignedNote) -> None:
        """Replace the public checkpoint."""


@dataclass(slots=True)
class LogWriter:
    """The one writer of a log; that it is the only one is a lease's business, and compare-and-set holds without."""

    storage: LogStorage
    key: SignerKey
    """Its name is the origin of the log."""
    _edge: RightEdge | None = field(default=None, init=False)
    """None until the stored state is loaded, and after a failed write."""

    async def append_entries(self, entries: Sequence[LogEntry]) -> int:
        """Append *entries* durably; return the index of the first one. The cost grows with the batch, not the log.

        After an error the storage knows whether the batch counts: its entries are recorded, or they are not.
        """
        edge = self._edge or await self.load_edge()
        if not entries:
            return edge.size
        self._edge = None
        new_edge, files = edge.append_entries([entry.content for entry in entries])
        full = {tile: content for tile, content in files.items() if tile.is_full}
        batch = StagedBatch(new_edge, full)
        await self.storage.stage_batch(batch)
        expected = LogHead(edge.size, edge.root) if edge.size else None
        if not await self.storage.replace_head(expected, batch.head, [entry.id for entry in entries]):
            raise HeadMovedError
        await self.storage.publish_files(full)
        await self.storage.delete_batches(below=new_edge.size)
        self._edge = new_edge
        return edge.size

    async def load_edge(self) -> RightEdge:
        """Load the stored state, finish a batch that was cut off, and return the right edge.

        LogConflictError where the state contradicts itself or the public checkpoint.
        """
        self._edge = None
        edge = await self._read_edge()
        await self._check_checkpoint(edge)
        self._edge = edge
        return edge

    async def publish_checkpoint(self) -> SignedNote:
        """Sign and publish the checkpoint of all entries so far, with the partial tiles that it needs."""
        edge = self._edge or await self.load_edge()
        published = await self.storage.read_checkpoint()
        checkpoint = Checkpoint(self.key.name, edge.size, edge.root)
        if published is not None:
            known, note = open_checkpoint(published, self.key.verifier_key)
            if known == checkpoint:
                return note
        note = checkpoint.build_note(self.key)
        self._edge = None
        await self.storage.publish_files(edge.partial_files())
        await self.storage.publish_checkpoint(note)
        self._edge = edge
        return note

    async def _read_edge(self) -> RightEdge:
        head = await self.storage.read_head()
        if head is None:
            return RightEdge()
        batch = await self.storage.read_batch(head)
        if batch is None or batch.head != head:
            raise LogConflictError(f"the batch that led to the head at {head.size} entries is missing or damaged")
        await self.storage.publish_files(batch.files)
        await self.storage.delete_batches(below=head.size)
        return batch.edge

    async def _check_checkpoint(self, edge: RightEdge) -> None:
        published = await self.storage.read_checkpoint()
        if published is None:
            return
        checkpoint, _ = open_checkpoint(published, self.key.verifier_key)
        if checkpoint.size > edge.size:
            raise LogConflictError(f"the public checkpoint has {checkpoint.size} entries, the log only {edge.size}")
        if await self._compute_root(checkpoint.size, edge) != checkpoint.root:
            raise LogConflictError(f"the log has another root than its public checkpoint at {checkpoint.size} entries")

    async def _compute_root(self, size: int, edge: RightEdge) -> bytes:
        if size == edge.size:
            return edge.root
        leaves = LeafRange(0, size)
        nodes = cover_range(leaves)
        tiles = await read_tiles(self.storage, find_tiles(nodes, size))
        return hash_range(leaves, hash_nodes(nodes, tiles))


async def build_proof(storage: LogStorage, note: SignedNote, index: int, *, extra: bytes = b"") -> InclusionProof:
    """Return the proof that entry *index* is in the tree of the checkpoint *note*, and of no other tree.

    ValueError where the entry is newer than the checkpoint: it waits for the next.
    """
    size = Checkpoint.parse(note.text).size
    ranges = plan_inclusion_proof(index, size)
    nodes = plan_nodes(ranges)
    hashes = hash_nodes(nodes, await read_tiles(storage, find_tiles(nodes, size)))
    return InclusionProof(index, tuple(hash_range(leaves, hashes) for leaves in ranges), bytes(note), extra)


async def read_tiles(storage: LogStorage, tiles: frozenset[Tile]) -> Mapping[Tile, bytes]:
    """Return the contents of *tiles*; LogConflictError where one is missing that a checkpoint stands on."""
    found = await storage.read_files(sorted(tiles))
    missing = tiles - set(found)
    if missing:
        raise LogConflictError(f"{min(missing).path} is missing")
    return found

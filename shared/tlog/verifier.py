"""Checks a whole published log from public data alone: the work of a monitor that trusts nothing.

Every entry is hashed, every tile is computed again and compared with the published one, and the root with the signed
checkpoint. The cost grows with the number of entries; the memory does not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.tlog.checkpoints import Checkpoint, Cosignature, open_checkpoint, verify_cosignatures
from shared.tlog.notes import NoteError, VerifierKey
from shared.tlog.policies import WitnessPolicy
from shared.tlog.tiles import RightEdge, Tile, TileError, iter_bundles, split_entries

CHECKPOINT_PATH = "checkpoint"
ReadPath = Callable[[str], Awaitable[bytes]]
"""Returns the file at a path below the address of the log."""


class LogBrokenError(Exception):
    """The published log is not what its checkpoint says; the message names the file."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """What was checked."""

    checkpoint: Checkpoint
    tile_count: int
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True, slots=True)
class LogVerifier:
    """Checks the log of *key*, whose files *read* returns."""

    read: ReadPath
    key: VerifierKey
    policy: WitnessPolicy | None = None
    """The witnesses that must have cosigned; none where it is not given."""

    async def verify(self, known: Checkpoint | None = None) -> VerifiedLog:
        """Check everything; *known* is the checkpoint of an earlier check, which the log must contain.

        LogBrokenError or NoteError where something is wrong.
        """
        content = await self.read(CHECKPOINT_PATH)
        checkpoint, note = open_checkpoint(content, self.key)
        witnesses = list(self.policy.witnesses.values()) if self.policy else []
        cosignatures = verify_cosignatures(note, witnesses)
        if self.policy and not self.policy.is_met([each.witness for each in cosignatures]):
            raise NoteError(f"{len(cosignatures)} cosignatures are fewer than the policy asks for")
        if known is not None and known.size > checkpoint.size:
            raise LogBrokenError(f"the log has shrunk from {known.size} to {checkpoint.size} entries")
        edge, count = RightEdge(), 0
        async for entries in self._iter_entries(checkpoint.size):
            for part in _split_at(entries, known.size - edge.size if known else 0):
                edge, files = edge.append_entries(part)
                count += await self._compare_full_tiles(files)
                _check_root(known, edge)
        count += await self._compare(edge.partial_tiles())
        _check_root(known, edge)
        _check_root(checkpoint, edge)
        return VerifiedLog(checkpoint, count, cosignatures)

    async def _iter_entries(self, size: int) -> AsyncIterator[Sequence[bytes]]:
        for bundle in iter_bundles(size):
            try:
                yield split_entries(bundle, await self.read(bundle.path))
            except TileError as error:
                raise LogBrokenError(str(error)) from None

    async def _compare_full_tiles(self, files: dict[Tile, bytes]) -> int:
        full = {tile: content for tile, content in files.items() if tile.level is not None and tile.is_full}
        return await self._compare(full)

    async def _compare(self, expected: dict[Tile, bytes]) -> int:
        for tile, content in expected.items():
            if await self.read(tile.path) != content:
                raise LogBrokenError(f"{tile.path} has other hashes than the entries")
        return len(expected)


def _split_at(entries: Sequence[bytes], place: int) -> list[Sequence[bytes]]:
    """Return *entries* in one part, or in two where the known checkpoint ends within them."""
    return [entries[:place], entries[place:]] if 0 < place < len(entries) else [entries]


def _check_root(checkpoint: Checkpoint | None, edge: RightEdge) -> None:
    if checkpoint is not None and checkpoint.size == edge.size and checkpoint.root != edge.root:
        raise LogBrokenError(f"the entries lead to another root than the checkpoint of {checkpoint.size} entries")

"""Tiles: how a log publishes its hashes and entries as files that never change (c2sp.org/tlog-tiles).

A tile holds up to 256 hashes: of entries on level 0, of full tiles of the level below above it. An entry bundle holds
the entries of a tile of level 0. Only the rightmost tile of a level is partial, and its width is part of its path: so a
path has the same bytes forever.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.tlog.merkle import HASH_SIZE, LeafRange, Subtree, cover_range, hash_complete, hash_leaf, hash_range

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_SIZE = 2**16 - 1
"""Bytes: an entry has its length in two bytes before it."""
_MAX_LEVEL = 63
_PATH = re.compile(
    r"tile/(?P<level>0|[1-9]\d?|entries)/(?P<number>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)


class TileError(ValueError):
    """A tile, bundle or path that is not what its place demands; the message says why."""


class Tile(NamedTuple):
    """The name of a tile or, where *level* is None, of an entry bundle."""

    level: int | None
    number: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """Return whether it will never be replaced by a wider one."""
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """Return its path below the address of the log."""
        groups = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else self.level
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{suffix}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Return the tile at *path*; TileError where no tile can have it."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise TileError("not the path of a tile")
        level = None if found["level"] == "entries" else int(found["level"])
        number = int(found["number"].replace("x", "").replace("/", ""))
        tile = cls(level, number, int(found["width"] or TILE_WIDTH))
        if (level or 0) > _MAX_LEVEL or tile.path != path:
            raise TileError("not the path of a tile")
        return tile


def width_of(level: int, index: int, size: int) -> int:
    """Return how many hashes the tile has in a log of *size* entries; 0 where it does not exist."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def iter_tiles(size: int) -> Iterator[Tile]:
    """Yield all tiles of a log of *size* entries, the bundles excepted."""
    level = 0
    while count := size >> (TILE_HEIGHT * level):
        for index in range(-(-count // TILE_WIDTH)):
            yield Tile(level, index, width_of(level, index, size))
        level += 1


def iter_bundles(size: int) -> Iterator[Tile]:
    """Yield all entry bundles of a log of *size* entries."""
    for index in range(-(-size // TILE_WIDTH)):
        yield Tile(None, index, width_of(0, index, size))


def find_tiles(nodes: Iterable[Subtree], size: int) -> frozenset[Tile]:
    """Return the tiles of a log of *size* entries from which the hashes of *nodes* can be computed."""
    found = set()
    for height, place in nodes:
        level, inner = divmod(height, TILE_HEIGHT)
        index = (place << inner) >> TILE_HEIGHT
        found.add(Tile(level, index, width_of(level, index, size)))
    return frozenset(found)


def hash_nodes(nodes: Iterable[Subtree], tiles: Mapping[Tile, bytes]) -> dict[Subtree, bytes]:
    """Return the hashes of *nodes* from the contents of the *tiles* that ``find_tiles`` named."""
    by_place = {(tile.level, tile.number): split_hashes(tile, content) for tile, content in tiles.items()}
    found = {}
    for node in nodes:
        level, inner = divmod(node.height, TILE_HEIGHT)
        first = node.number << inner
        hashes = by_place[level, first >> TILE_HEIGHT]
        start = first % TILE_WIDTH
        found[node] = hash_complete(hashes[start : start + (1 << inner)])
    return found


def split_hashes(tile: Tile, content: bytes) -> list[bytes]:
    """Return the hashes in *content*; TileError where there are more or fewer than the width of *tile*."""
    if len(content) != tile.width * HASH_SIZE:
        raise TileError(f"{tile.path} has {len(content)} bytes instead of {tile.width * HASH_SIZE}")
    return [content[start : start + HASH_SIZE] for start in range(0, len(content), HASH_SIZE)]


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Return the bundle of *entries*; TileError where one is too long."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_SIZE:
            raise TileError(f"an entry has {len(entry)} bytes; {MAX_ENTRY_SIZE} is the most")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def split_entries(tile: Tile, content: bytes) -> list[bytes]:
    """Return the entries of a bundle; TileError where it is cut off, or has more or fewer than the width of *tile*."""
    entries, start = [], 0
    while start < len(content):
        end = start + 2 + int.from_bytes(content[start : start + 2], "big")
        if start + 2 > len(content) or end > len(content):
            raise TileError(f"{tile.path} ends in the middle of an entry")
        entries.append(content[start + 2 : end])
        start = end
    if len(entries) != tile.width:
        raise TileError(f"{tile.path} has {len(entries)} entries instead of {tile.width}")
    return entries


@dataclass(frozen=True, slots=True)
class RightEdge:
    """The right edge of a tree: all that appending needs. It grows with the logarithm of the size."""

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()
    """The hashes of the partial tile of each level, level 0 first."""
    entries: tuple[bytes, ...] = ()
    """The entries of the partial bundle."""

    @property
    def root(self) -> bytes:
        """Return the root of the tree."""
        leaves = LeafRange(0, self.size)
        nodes = cover_range(leaves)
        return hash_range(leaves, hash_nodes(nodes, self.partial_tiles()))

    def partial_tiles(self) -> dict[Tile, bytes]:
        """Return the partial tile of each level that has one, without the bundle."""
        return {
            Tile(level, (self.size >> (TILE_HEIGHT * (level + 1))), len(hashes)): b"".join(hashes)
            for level, hashes in enumerate(self.levels)
            if hashes
        }

    def partial_files(self) -> dict[Tile, bytes]:
        """Return the partial tiles, and the partial bundle where there is one."""
        bundle = Tile(None, self.size // TILE_WIDTH, len(self.entries))
        return {**self.partial_tiles(), **({bundle: join_entries(self.entries)} if self.entries else {})}

    def append_entries(self, added: Sequence[bytes]) -> tuple["RightEdge", dict[Tile, bytes]]:
        """Return the edge after *added*, and each tile and bundle that the new tree has and the old one had not.

        TileError where an entry is too long.
        """
        files = _cut_bundles(self.size, [*self.entries, *added]) if added else {}
        pending, levels = [hash_leaf(entry) for entry in added], list(self.levels)
        level = 0
        while pending:
            if level == len(levels):
                levels.append(())
            first = (self.size >> (TILE_HEIGHT * level)) // TILE_WIDTH
            hashes, pending = [*levels[level], *pending], []
            for place, part in enumerate(_cut(hashes)):
                files[Tile(level, first + place, len(part))] = b"".join(part)
                if len(part) == TILE_WIDTH:
                    pending.append(hash_complete(part))
            levels[level] = _rest_of(hashes)
            level += 1
        entries = _rest_of([*self.entries, *added])
        return RightEdge(self.size + len(added), tuple(levels), entries), files


def _cut_bundles(size: int, entries: Sequence[bytes]) -> dict[Tile, bytes]:
    first = size // TILE_WIDTH
    return {Tile(None, first + place, len(part)): join_entries(part) for place, part in enumerate(_cut(entries))}


def _cut(items: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [items[start : start + TILE_WIDTH] for start in range(0, len(items), TILE_WIDTH)]


def _rest_of(items: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return what is left after the full tiles."""
    return tuple(items[len(items) - len(items) % TILE_WIDTH :])

"""A cache of PROPFIND responses: most clients poll every few minutes for folders that have not changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from services.sync.api.dav_xml import Propfind
from services.sync.domain.tree import TreePath
from services.sync.service.tree.reader import ListingVersion

_MAX_REPLY_BYTES = 1 << 20


class PropfindKey(NamedTuple):
    """The user, the folder and the requested properties."""

    username: str
    path: TreePath
    propfind: Propfind


@dataclass(slots=True)
class _CachedReply:
    """A cached response: the version of the folder, and the last revision of the tree at which it was current."""

    version: ListingVersion
    rev: int
    body: bytes


class PropfindCache:
    """Caches the last response for the folders that were listed most recently, in memory."""

    def __init__(self, *, max_bytes: int = 16 << 20) -> None:
        self._entries: LRUCache[PropfindKey, _CachedReply] = LRUCache(
            max_bytes, getsizeof=lambda reply: len(reply.body)
        )

    def has(self, key: PropfindKey, rev: int) -> bool:
        """Tell whether the response at this revision is cached: then the folder need not be read."""
        reply = self._entries.get(key)
        return reply is not None and reply.rev == rev

    def get(self, key: PropfindKey, rev: int, version: ListingVersion) -> bytes | None:
        """Return the response when it is current at *rev*, or when the folder still has *version*."""
        reply = self._entries.get(key)
        if reply is None or (reply.rev != rev and reply.version != version):
            return None
        reply.rev = max(rev, reply.rev)
        return reply.body

    def record_pieces(
        self, key: PropfindKey, rev: int, version: ListingVersion, pieces: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Yield *pieces* and cache the whole response afterwards, unless it is too long."""
        collected: list[bytes] | None = []
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > _MAX_REPLY_BYTES:
                collected = None
            if collected is not None:
                collected.append(piece)
            yield piece
        if collected is not None:
            self._entries[key] = _CachedReply(version, rev, b"".join(collected))

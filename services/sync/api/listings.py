"""Answers to PROPFIND as they were told before: most clients ask every few minutes for a folder that is as it was."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from services.sync.api.xml import Propfind
from services.sync.domain.tree import Path
from services.sync.service.reading import Version

_LONGEST = 1 << 20


class Listed(NamedTuple):
    """Whose folder is listed, telling what."""

    username: str
    path: Path
    wanted: Propfind


@dataclass(slots=True)
class _Told:
    """An answer: of which state of the folder, and at which revision of the tree that was last seen."""

    version: Version
    rev: int
    body: bytes


class Listings:
    """Keeps the last answer for each of the folders that were listed last, in memory alone."""

    def __init__(self, *, most_bytes: int = 16 << 20) -> None:
        self._kept: OrderedDict[Listed, _Told] = OrderedDict()
        self._room = most_bytes

    def knows(self, asked: Listed, rev: int) -> bool:
        """Tell whether the answer at this revision of the tree is there: then nobody needs to look at the folder."""
        told = self._kept.get(asked)
        return told is not None and told.rev == rev

    def again(self, asked: Listed, rev: int, version: Version) -> bytes | None:
        """Return the answer, if the tree is at the revision *rev* as it was, or the folder is: at *version*."""
        told = self._kept.get(asked)
        if told is None or (told.rev != rev and told.version != version):
            return None
        told.rev = max(rev, told.rev)
        self._kept.move_to_end(asked)
        return told.body

    def noting(self, asked: Listed, rev: int, version: Version, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield *pieces*, and keep the whole once it was told, unless it is long."""
        noted: list[bytes] | None = []
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > _LONGEST:
                noted = None
            if noted is not None:
                noted.append(piece)
            yield piece
        if noted is not None:
            self._keep(asked, _Told(version, rev, b"".join(noted)))

    def _keep(self, asked: Listed, told: _Told) -> None:
        older = self._kept.pop(asked, None)
        self._room += len(older.body) if older else 0
        self._kept[asked] = told
        self._room -= len(told.body)
        while self._room < 0:
            self._room += len(self._kept.popitem(last=False)[1].body)

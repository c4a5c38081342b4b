"""Answers to PROPFIND as they were told before: most clients ask every few minutes for a tree that is as it was."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from services.sync.api.xml import Propfind
from services.sync.domain.tree import Path

_LONGEST = 1 << 20


class Told(NamedTuple):
    """Which answer: of whose tree at which revision, of what folder, telling what. Equal ones are equal bytes."""

    username: str
    rev: int
    path: Path
    wanted: Propfind


class Listings:
    """Keeps the answers that were used last, in memory alone; nothing in them outlives the revision they are of."""

    def __init__(self, *, most_bytes: int = 16 << 20) -> None:
        self._kept: OrderedDict[Told, bytes] = OrderedDict()
        self._room = most_bytes

    def has(self, told: Told) -> bool:
        """Tell whether the answer is there."""
        return told in self._kept

    def get(self, told: Told) -> bytes | None:
        """Return the answer, if it is there."""
        if told in self._kept:
            self._kept.move_to_end(told)
        return self._kept.get(told)

    def noting(self, told: Told, pieces: Iterator[bytes]) -> Iterator[bytes]:
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
            self._keep(told, b"".join(noted))

    def _keep(self, told: Told, body: bytes) -> None:
        self._room += len(self._kept.pop(told, b""))
        self._kept[told] = body
        self._room -= len(body)
        while self._room < 0:
            self._room += len(self._kept.popitem(last=False)[1])

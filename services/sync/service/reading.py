"""Looks: what is at an address, what is in a folder, the bytes of a file, how much room there is."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from services.sync.domain.conditions import Verdict, judge_read
from services.sync.domain.frames import FRAME, INLINE, OVERHEAD, Span, frames_of
from services.sync.domain.locks import Lock
from services.sync.domain.space import Space
from services.sync.domain.tree import Node, Path
from services.sync.errors import ContentDamagedError, MethodRefusedError
from services.sync.ports import Blobs
from services.sync.service.acts import Act, admitted, present, reached
from services.sync.service.ahead import one_ahead
from services.sync.service.draft import Draft
from services.sync.service.turns import Turns
from services.sync.store import Contents, Seal, Spaces

_TRIES = 3
Unless = Callable[[int], bool]
Version = tuple[str, int, int]
"""Which folder, the latest revision of it and its members, and of the counters where they are told, too."""


def never(_rev: int) -> bool:
    """Nothing is known beforehand."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A node, its members when they were asked for, and what is to be told of the account and its locks."""

    node: Node
    path: Path
    members: tuple[Node, ...]
    ids: Path
    """The nodes from the root down to *node*."""
    space: Space
    locks: tuple[Lock, ...]
    device: str
    at: datetime

    def version(self, *, counters: bool) -> Version:
        """Return what becomes another one with every change of what is told of the node, its members, the *counters*.

        Each change gives a revision of its own to what it changes, and to the folder whose members it changes.
        """
        latest = max(self.node.rev, max((member.rev for member in self.members), default=0))
        return self.node.id, latest, self.space.rev if counters else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that may be sent: how to read it."""

    node: Node
    verdict: Verdict
    seal: Seal
    small: bytes | None = None
    """All its bytes, when they are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads trees."""

    turns: Turns
    contents: Contents
    spaces: Spaces
    blobs: Blobs

    async def usage(self, account: str) -> Space:
        """Return the counters of *account*, whether it has a tree or not."""
        return await self.spaces.get(account) or self.spaces.new(account)

    async def list(self, act: Act, *, members: bool, locks: bool, unless: Unless = never) -> Listing:
        """Return what is at the address, with its *members* and the *locks* of the account when they are wanted.

        The members are left out where *unless* says of the tree's revision that they are known.
        """

        async def look(draft: Draft) -> Listing:
            trail = await admitted(draft, act)
            node = present(trail)
            wanted = members and node.is_folder and not unless(draft.space.rev)
            inside = await draft.members(node.id) if wanted else []
            return Listing(
                node=node,
                path=act.path,
                members=tuple(inside),
                ids=trail.ids,
                space=draft.space,
                locks=tuple(await draft.locks()) if locks else (),
                device=act.visitor.device,
                at=draft.at,
            )

        return await self.turns.look(act.account, look)

    async def file(self, act: Act) -> File:
        """Return the file at the address; a small one with its bytes."""

        async def look(draft: Draft) -> tuple[Node, Verdict, Seal]:
            node = present(await reached(draft, act))
            return node, judge_read(act.conditions, node), draft.seal

        for _ in range(_TRIES):
            node, verdict, seal = await self.turns.look(act.account, look)
            if node.is_folder:
                raise MethodRefusedError("A folder is listed with PROPFIND.")
            if node.size > INLINE:
                return File(node=node, verdict=verdict, seal=seal)
            sealed = await self.contents.inline(act.account, node.content)
            if sealed is not None:
                small = seal.content(node.content).open(0, sealed, last=True)
                return File(node=node, verdict=verdict, seal=seal, small=small)
        raise ContentDamagedError  # replaced again and again between two looks, or really gone

    async def bytes_of(self, file: File, span: Span) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of *span*, a frame at a time; whoever leaves it early closes it."""
        if not span.length:
            return
        if file.small is not None:
            yield file.small[span.start : span.stop]
            return
        async with aclosing(one_ahead(self.blob(file.seal, file.node.content, file.node.size, span))) as pieces:
            async for piece in pieces:
                yield piece

    async def blob(self, seal: Seal, content: str, size: int, span: Span) -> AsyncGenerator[bytes, None]:
        """Yield *span* of the blob that holds *content*; ContentDamagedError when it is gone or was tampered with."""
        opener = seal.content(content)
        async with self.blobs.open(content) as blob:
            room = memoryview(bytearray(min(size, FRAME) + OVERHEAD))
            for frame in frames_of(span, size):
                sealed = await blob.read_into(room[: frame.sealed_size], frame.offset)
                plain = await asyncio.to_thread(opener.open, frame.index, sealed, last=frame.last)
                yield plain if frame.wanted == slice(0, len(plain)) else plain[frame.wanted]

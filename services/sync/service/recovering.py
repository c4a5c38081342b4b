"""Reads what a backup holds of one account: with the account's key, which no backup holds."""

import asyncio
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from services.sync.domain.tree import Kind
from services.sync.errors import ContentDamagedError, HeldFileDamagedError
from services.sync.service.backups import Record
from services.sync.store import Seal
from services.sync.store.seal import ContentSeal

Records = AsyncIterator[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNode:
    """A file or folder as a backup holds it."""

    id: str
    parent: str
    name: str
    kind: Kind
    size: int
    content: str
    properties: str


@dataclass(slots=True)
class HeldTree:
    """The nodes of one account."""

    members: dict[str, list[HeldNode]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: HeldNode) -> None:
        """Put a node below its parent."""
        self.members[node.parent].append(node)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContent:
    """A content; its bytes are there to be read once, before the next one is."""

    id: str
    pieces: AsyncIterator[bytes]


def opened_node(row: dict[str, Any], seal: Seal) -> HeldNode:
    """Open what is sealed of a node."""
    node, properties = row["id"] if "id" in row else row["_id"], row["properties"]
    return HeldNode(
        id=node,
        parent=row["parent"],
        name=seal.open_name(node, b64decode(row["name"])),
        kind=Kind(row["kind"]),
        size=row["size"],
        content=row["content"],
        properties="" if properties is None else seal.open_properties(node, b64decode(properties)),
    )


async def skip_to(records: Records, wanted: Callable[[str], bool]) -> str | None:
    """Go on until an account begins that is *wanted*; return which, None when there is none."""
    async for header, _ in records:
        if header["record"] == "account" and wanted(header["id"]):
            return str(header["id"])
    return None


async def contents_of(records: Records, seal: Seal, tree: HeldTree) -> AsyncGenerator[HeldContent, None]:
    """Read one account to its end: its nodes go into *tree*, and all are there before the first content comes.

    A content that does not open is a HeldFileDamagedError of its pieces: those after it can still be read.
    """
    async for header, payload in records:
        if header["record"] == "account":
            return
        if header["record"] == "node":
            tree.add(opened_node(header, seal))
        elif header["record"] == "content":
            pieces = _pieces(records, seal, header, payload)
            yield HeldContent(id=header["id"], pieces=pieces)
            async for _ in pieces:
                """What nobody wanted is passed over."""


async def _pieces(records: Records, seal: Seal, header: dict[str, Any], inline: bytes) -> AsyncIterator[bytes]:
    opener, frames, size = seal.content(header["id"]), header.get("frames", 0), 0
    if not frames:
        yield _piece(opener, 0, inline, last=True)
        return
    for index in range(frames):
        following, sealed = await anext(records)
        if following["record"] != "frame":
            raise ContentDamagedError
        piece = await asyncio.to_thread(_piece, opener, index, sealed, last=index == frames - 1)
        size += len(piece)
        yield piece
    if size != header["size"]:
        raise HeldFileDamagedError


def _piece(opener: ContentSeal, index: int, sealed: bytes, *, last: bool) -> bytes:
    try:
        return opener.open(index, sealed, last=last)
    except ContentDamagedError as fault:
        raise HeldFileDamagedError from fault

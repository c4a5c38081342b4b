"""Reads what a backup holds of one account, with the account's key, which no backup holds."""

import asyncio
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from services.sync.domain.tree import NodeKind
from services.sync.errors import CorruptBackupFileError, CorruptContentError
from services.sync.service.backup.backups import BackupRecord
from services.sync.store import AccountCipher
from services.sync.store.ciphers import ContentCipher

BackupRecords = AsyncIterator[BackupRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupNode:
    """A file or folder as stored in a backup."""

    id: str
    parent: str
    name: str
    kind: NodeKind
    size: int
    content: str
    properties: str


@dataclass(slots=True)
class BackupTree:
    """The nodes of one account."""

    members: dict[str, list[BackupNode]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: BackupNode) -> None:
        """Add a node to its parent."""
        self.members[node.parent].append(node)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupContent:
    """A content; its bytes can be read once, before the next content."""

    id: str
    pieces: AsyncIterator[bytes]


def open_node(row: dict[str, Any], cipher: AccountCipher) -> BackupNode:
    """Open the sealed fields of a node."""
    node, properties = row["id"] if "id" in row else row["_id"], row["properties"]
    return BackupNode(
        id=node,
        parent=row["parent"],
        name=cipher.open_name(node, b64decode(row["name"])),
        kind=NodeKind(row["kind"]),
        size=row["size"],
        content=row["content"],
        properties="" if properties is None else cipher.open_properties(node, b64decode(properties)),
    )


async def skip_to_account(records: BackupRecords, predicate: Callable[[str], bool]) -> str | None:
    """Skip to the next account that *is_requested* accepts; return its id, None when there is none."""
    async for header, _ in records:
        if header["record"] == "account" and predicate(header["id"]):
            return str(header["id"])
    return None


async def read_contents(
    records: BackupRecords, cipher: AccountCipher, tree: BackupTree
) -> AsyncGenerator[BackupContent, None]:
    """Read one account: its nodes go into *tree* before the first content is yielded.

    The pieces of a content that does not open raise CorruptBackupFileError; those after it can still be read.
    """
    async for header, payload in records:
        if header["record"] == "account":
            return
        if header["record"] == "node":
            tree.add(open_node(header, cipher))
        elif header["record"] == "content":
            pieces = _read_pieces(records, cipher, header, payload)
            yield BackupContent(id=header["id"], pieces=pieces)
            async for _ in pieces:
                """Skip what the caller did not read, so that *records* is at the next content."""


async def _read_pieces(
    records: BackupRecords, cipher: AccountCipher, header: dict[str, Any], inline: bytes
) -> AsyncIterator[bytes]:
    opener, frames, size = cipher.content_cipher(header["id"]), header.get("frames", 0), 0
    if not frames:
        yield _open_piece(opener, 0, inline, last=True)
        return
    for index in range(frames):
        following, sealed = await anext(records)
        if following["record"] != "frame":
            raise CorruptContentError
        piece = await asyncio.to_thread(_open_piece, opener, index, sealed, last=index == frames - 1)
        size += len(piece)
        yield piece
    if size != header["size"]:
        raise CorruptBackupFileError


def _open_piece(opener: ContentCipher, index: int, sealed: bytes, *, last: bool) -> bytes:
    try:
        return opener.open(index, sealed, last=last)
    except CorruptContentError as fault:
        raise CorruptBackupFileError from fault

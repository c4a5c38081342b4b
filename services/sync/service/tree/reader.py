"""Reads resources, folder listings, the bytes of files and the usage of an account."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.frames import FRAME_OVERHEAD, FRAME_SIZE, MAX_INLINE_SIZE, ByteRange, iter_frames
from services.sync.domain.locks import Lock
from services.sync.domain.operation import DavOperation
from services.sync.domain.preconditions import ReadDecision, evaluate_read
from services.sync.domain.tree import Node, TreePath
from services.sync.errors import CorruptContentError, DavMethodNotAllowedError
from services.sync.ports import Blobs
from services.sync.service.tree.prefetch import prefetch_one
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import AccountCipher, AccountUsages, Contents

_MAX_ATTEMPTS = 3
IsKnownRev = Callable[[int], bool]
ListingVersion = tuple[str, int, int]
"""The folder's id, the latest revision of it and its members, and that of the counters where they are included."""


def no_rev_known(_rev: int) -> bool:
    """The default: the caller has nothing cached."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionListing:
    """A node with the members, locks and usage that were requested."""

    node: Node
    path: TreePath
    members: tuple[Node, ...]
    ids: TreePath
    """The ids of the nodes from the root down to *node*."""
    usage: AccountUsage
    locks: tuple[Lock, ...]
    device_id: str
    at: datetime

    def build_version(self, *, include_usage: bool) -> ListingVersion:
        """Return a key that changes with everything the listing contains.

        Every change gives a new revision to the node that it changes, and to the folder whose members it changes.
        """
        latest = max(self.node.rev, max((member.rev for member in self.members), default=0))
        return self.node.id, latest, self.usage.rev if include_usage else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file that may be sent, and how to open its content."""

    node: Node
    decision: ReadDecision
    cipher: AccountCipher
    inline_data: bytes | None = None
    """The whole content when it is stored in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReader:
    """Reads the trees of all accounts."""

    tree_access: TreeAccess
    contents: Contents
    usages: AccountUsages
    blobs: Blobs

    async def get_usage(self, account: str) -> AccountUsage:
        """Return the counters of *account*; zeros when it has no tree yet."""
        return await self.usages.get(account) or self.usages.build_empty(account)

    async def list(
        self,
        operation: DavOperation,
        *,
        include_members: bool,
        include_locks: bool,
        is_known: IsKnownRev = no_rev_known,
    ) -> CollectionListing:
        """Return the resource at the path of *operation*, with its members and the locks of the account on request.

        The members are left out where *is_known* accepts the tree's revision: the caller has them cached.
        """

        async def read(view: TreeView) -> CollectionListing:
            resolved = await view.resolve_checked(operation)
            node = resolved.require_node()
            reads_members = include_members and node.is_folder and not is_known(view.usage.rev)
            found = await view.list_members(node.id) if reads_members else []
            return CollectionListing(
                node=node,
                path=operation.path,
                members=tuple(found),
                ids=resolved.ids,
                usage=view.usage,
                locks=tuple(await view.list_locks()) if include_locks else (),
                device_id=operation.device.id,
                at=view.at,
            )

        return await self.tree_access.read(operation.account, read)

    async def get_file(self, operation: DavOperation) -> FileContent:
        """Return the file at the path of *operation*; a small one with its bytes."""

        async def read(view: TreeView) -> tuple[Node, ReadDecision, AccountCipher]:
            node = (await view.resolve(operation)).require_node()
            return node, evaluate_read(operation.preconditions, node), view.cipher

        for _ in range(_MAX_ATTEMPTS):
            node, decision, cipher = await self.tree_access.read(operation.account, read)
            if node.is_folder:
                raise DavMethodNotAllowedError("This is a folder; list it with PROPFIND.")
            if node.size > MAX_INLINE_SIZE:
                return FileContent(node=node, decision=decision, cipher=cipher)
            sealed = await self.contents.get_inline(operation.account, node.content)
            if sealed is not None:
                small = cipher.content_cipher(node.content).open(0, sealed, last=True)
                return FileContent(node=node, decision=decision, cipher=cipher, inline_data=small)
        raise CorruptContentError  # replaced again and again between the two reads, or really gone

    async def iter_bytes(self, file: FileContent, byte_range: ByteRange) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of *byte_range*, a frame at a time. A caller that stops early must close it."""
        if not byte_range.length:
            return
        if file.inline_data is not None:
            yield file.inline_data[byte_range.start : byte_range.stop]
            return
        async with aclosing(
            prefetch_one(self.iter_blob(file.cipher, file.node.content, file.node.size, byte_range))
        ) as pieces:
            async for piece in pieces:
                yield piece

    async def iter_blob(
        self, cipher: AccountCipher, content: str, size: int, byte_range: ByteRange
    ) -> AsyncGenerator[bytes, None]:
        """Yield *byte_range* of the blob of *content*; CorruptContentError when it is missing or was tampered with."""
        opener = cipher.content_cipher(content)
        async with self.blobs.open(content) as blob:
            room = memoryview(bytearray(min(size, FRAME_SIZE) + FRAME_OVERHEAD))
            for frame in iter_frames(byte_range, size):
                sealed = await blob.read_into(room[: frame.sealed_size], frame.offset)
                plain = await asyncio.to_thread(opener.open, frame.index, sealed, last=frame.is_last)
                yield plain if frame.selection == slice(0, len(plain)) else plain[frame.selection]

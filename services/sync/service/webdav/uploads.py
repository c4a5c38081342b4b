"""Uploads: small ones are written with the change, larger ones stream into a blob that the change then takes up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle

from services.sync.domain.frames import MAX_INLINE_SIZE, SEALED_FRAME_SIZE, into_frames
from services.sync.domain.operation import DavOperation, NewNode, WriteResult
from services.sync.errors import IncompleteUploadError, UploadReservationExpiredError
from services.sync.ports import Blobs
from services.sync.service.tree.prefetch import prefetch_one
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.service.tree.writer import TreeWriter
from services.sync.store import AccountCipher, Content, ContentHash, Contents
from shared.clock import Clock
from shared.errors import ServiceError
from shared.ids import NewId

Chunks = AsyncIterator[bytes]
Reauthorize = Callable[[], Awaitable[object]]
"""Raises when the device may no longer write."""

RESERVATION_TTL = timedelta(hours=1)
"""How long an upload of which nothing is heard keeps its room; it is prolonged while bytes arrive."""
_MIN_RESERVATION = 8 << 20
_MAX_RESERVATION = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadBody:
    """What a client sends: its bytes, and what is known of them before they come."""

    chunks: Chunks
    size: int | None
    """The size that is announced."""
    expects_continue: bool
    """Whether the client sends nothing before it is asked to."""
    reauthorize: Reauthorize


@dataclass(slots=True, kw_only=True)
class _Upload:
    """One upload under way."""

    operation: DavOperation
    new_node: NewNode
    content: str
    reserved: int
    replaced_size: int
    """The size of what it replaces: that room is free when it is done."""
    extended_at: datetime
    cipher: AccountCipher
    content_hash: ContentHash
    size: int = 0

    @property
    def capacity(self) -> int:
        return self.reserved + self.replaced_size


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadService:
    """Takes files in."""

    tree_access: TreeAccess
    writer: TreeWriter
    contents: Contents
    blobs: Blobs
    new_id: NewId
    clock: Clock

    async def put(self, operation: DavOperation, body: UploadBody, new_node: NewNode | None = None) -> WriteResult:
        """Store *body* as the file at the address; whatever goes wrong, the old file stays as it is."""
        node = new_node or self.writer.build_new_node()
        if body.expects_continue or body.size is None or body.size > MAX_INLINE_SIZE:
            await self.writer.check_put(operation, body.size or 0)
        head, whole = await _read_head(body.chunks)
        if whole:
            _check_size(body, len(head))
            return await self.writer.put_small(operation, head, node)
        return await self._put_large(operation, body, head, node)

    async def _put_large(
        self, operation: DavOperation, body: UploadBody, head: bytes, new_node: NewNode
    ) -> WriteResult:
        content = new_node.content or self.new_id("cnt")
        try:
            upload = await self._reserve_upload(operation, content, body.size or _MIN_RESERVATION, new_node)
            async with aclosing(prefetch_one(self._seal_frames(upload, head, body.chunks))) as frames:
                await self.blobs.write(upload.content, frames)
            _check_size(body, upload.size)
            await body.reauthorize()
            return await self._commit(upload)
        except BaseException:
            # Also when the client has gone: its room is free again at once. If this fails too, the collector does it.
            with suppress(ServiceError):
                await asyncio.shield(self.abort_upload(operation.account, content))
            raise

    async def _reserve_upload(self, operation: DavOperation, content: str, size: int, new_node: NewNode) -> _Upload:
        """Reserve room for *size* bytes, less what is there already."""

        async def change(uow: TreeUnitOfWork) -> _Upload:
            resolved = await uow.resolve_put_target(operation)
            replaces = resolved.node.size if resolved.node else 0
            reserved = max(0, size - replaces)
            uow.usage.check_quota(reserved)
            uow.next_rev()
            uow.adjust_usage(reserved=reserved)
            until = uow.at + RESERVATION_TTL
            uow.add_content(
                Content(
                    id=content, account=operation.account, refs=0, size=0, reserved_bytes=reserved, delete_after=until
                )
            )
            return _Upload(
                operation=operation,
                new_node=new_node,
                content=content,
                reserved=reserved,
                replaced_size=replaces,
                extended_at=uow.at,
                cipher=uow.cipher,
                content_hash=uow.cipher.new_content_hash(),
            )

        return await self.tree_access.write(operation.account, change)

    async def _seal_frames(self, upload: _Upload, head: bytes, chunks: Chunks) -> AsyncGenerator[memoryview, None]:
        """Yield the sealed frames of a body that begins with *head*, each there until the next but one is asked for."""
        sealer = upload.cipher.content_cipher(upload.content)
        rooms = cycle(memoryview(bytearray(SEALED_FRAME_SIZE)) for _ in range(2))

        def sealed(index: int, frame: memoryview, *, last: bool) -> memoryview:
            upload.content_hash.update(frame)
            return sealer.seal_into(next(rooms), index, frame, last=last)

        async with aclosing(prefetch_one(into_frames(head, chunks))) as frames:
            index = 0
            async for frame, last in frames:
                upload.size += len(frame)
                await self._extend_reservation(upload)
                yield await asyncio.to_thread(sealed, index, frame, last=last)
                index += 1

    async def _extend_reservation(self, upload: _Upload) -> None:
        """Reserve more when more has come than was reserved, and show that the upload lives."""
        if upload.size > upload.capacity:
            await self._reserve_more(upload, min(max(upload.size, _MIN_RESERVATION), _MAX_RESERVATION))
        now = self.clock()
        if now - upload.extended_at > RESERVATION_TTL / 4:
            if not await self.contents.extend_upload(upload.content, until=now + RESERVATION_TTL):
                raise UploadReservationExpiredError
            upload.extended_at = now

    async def _reserve_more(self, upload: _Upload, step: int) -> None:
        needed = upload.size - upload.capacity

        async def change(uow: TreeUnitOfWork) -> int:
            row = await _require_reservation(uow, upload)
            uow.usage.check_quota(needed)
            more = max(needed, min(step, uow.usage.available_bytes))
            uow.next_rev()
            uow.adjust_usage(reserved=more)
            uow.update_content(replace(row, reserved_bytes=row.reserved_bytes + more))
            return row.reserved_bytes + more

        upload.reserved = await self.tree_access.write(upload.operation.account, change)

    async def _commit(self, upload: _Upload) -> WriteResult:
        """Make the blob the file's content, or one with the same bytes that the account has already."""
        digest, act = upload.content_hash.hexdigest(), upload.operation

        async def change(uow: TreeUnitOfWork) -> WriteResult:
            row = await _require_reservation(uow, upload)
            uow.adjust_usage(reserved=-row.reserved_bytes)
            resolved = await uow.resolve_put_target(act)
            uow.usage.check_quota(upload.size - (resolved.node.size if resolved.node else 0))
            same = await self.contents.find_duplicate(act.account, digest)
            done = replace(row, refs=1, size=upload.size, reserved_bytes=0, digest=digest, delete_after=None)
            if same is not None:
                done = replace(row, size=upload.size, reserved_bytes=0, delete_after=uow.at)
                uow.adjust_refs(same.id, upload.size, delta=1)
            uow.update_content(done)
            content = same.id if same else upload.content
            return uow.put_file(act, resolved, content=content, size=upload.size, new_node=upload.new_node)

        return await self.tree_access.write(act.account, change)

    async def abort_upload(self, account: str, content: str) -> None:
        """Give the room of an upload back that nobody goes on with; one that was committed stays as it is."""

        async def change(uow: TreeUnitOfWork) -> None:
            row = await self.contents.get(account, content)
            if row is not None and row.refs == 0:
                uow.next_rev()
                uow.adjust_usage(reserved=-row.reserved_bytes)
                uow.update_content(replace(row, reserved_bytes=0, delete_after=uow.at))

        await self.tree_access.write(account, change)


async def _read_head(chunks: Chunks) -> tuple[bytes, bool]:
    """Return the first bytes, a little more than fits into a document, and whether they are all."""
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if len(head) > MAX_INLINE_SIZE:
            return bytes(head), False
    return bytes(head), True


async def _require_reservation(uow: TreeUnitOfWork, upload: _Upload) -> Content:
    """Return the row of the upload; UploadLostError when its time was over and it was collected."""
    row = await uow.trees.contents.get(upload.operation.account, upload.content)
    if row is None or row.refs != 0:
        raise UploadReservationExpiredError
    return row


def _check_size(body: UploadBody, size: int) -> None:
    if body.size is not None and size != body.size:
        raise IncompleteUploadError

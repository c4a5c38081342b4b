"""Uploads: receives the bytes of a PUT and seals them; what they mean for the tree is ``tree.writer``.

A small body is stored in the database with the change. A larger one is streamed into a blob first: quota is reserved
for it, and the change that ends the upload makes the blob the content of the file.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import cycle

from services.sync.domain.frames import MAX_INLINE_SIZE, SEALED_FRAME_SIZE, into_frames
from services.sync.domain.operation import DavOperation, NewNode, WriteResult
from services.sync.errors import IncompleteUploadError
from services.sync.ports import Blobs
from services.sync.service.tree.prefetch import prefetch_one
from services.sync.service.tree.writer import MIN_RESERVATION, Reservation, TreeWriter
from services.sync.store import ContentHash
from shared.errors import ServiceError
from shared.ids import NewId

Chunks = AsyncIterator[bytes]
Reauthorize = Callable[[], Awaitable[object]]
"""Raises when the device may no longer write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadBody:
    """The body of a PUT, and what its headers say of it."""

    chunks: Chunks
    size: int | None
    """The announced size in bytes, None when the client announces none."""
    expects_continue: bool
    """Whether the client waits for 100 (Continue) before it sends the body."""
    reauthorize: Reauthorize


@dataclass(slots=True, kw_only=True)
class _Upload:
    """The state of one upload while its bytes arrive."""

    reservation: Reservation
    content_hash: ContentHash
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadService:
    """Receives the files of PUT requests."""

    writer: TreeWriter
    blobs: Blobs
    new_id: NewId

    async def put(self, operation: DavOperation, body: UploadBody, new_node: NewNode | None = None) -> WriteResult:
        """Store *body* as the file at the path of *operation*; on any error the old file is unchanged."""
        node = new_node or self.writer.build_new_node()
        if body.expects_continue or body.size is None or body.size > MAX_INLINE_SIZE:
            await self.writer.check_put(operation, body.size or 0)
        head, is_whole = await _read_head(body.chunks)
        if is_whole:
            _check_size(body, len(head))
            return await self.writer.put_inline(operation, head, node)
        return await self._put_large(operation, body, head, node)

    async def _put_large(
        self, operation: DavOperation, body: UploadBody, head: bytes, new_node: NewNode
    ) -> WriteResult:
        content = new_node.content or self.new_id("cnt")
        try:
            reservation = await self.writer.reserve_upload(operation, content, body.size or MIN_RESERVATION)
            upload = _Upload(reservation=reservation, content_hash=reservation.cipher.new_content_hash())
            async with aclosing(prefetch_one(self._seal_frames(upload, head, body.chunks))) as frames:
                await self.blobs.write(content, frames)
            _check_size(body, upload.size)
            # The body may have taken hours: the app password may have been revoked since.
            await body.reauthorize()
            digest = upload.content_hash.hexdigest()
            return await self.writer.commit_upload(
                upload.reservation, size=upload.size, digest=digest, new_node=new_node
            )
        except BaseException:
            # Also when the client has disconnected: its quota is free again at once. If this fails too, the
            # garbage collector frees it once the reservation has expired.
            with suppress(ServiceError):
                await asyncio.shield(self.writer.abort_upload(operation.account, content))
            raise

    async def _seal_frames(self, upload: _Upload, head: bytes, chunks: Chunks) -> AsyncGenerator[memoryview, None]:
        """Yield the sealed frames of a body that begins with *head*.

        Two buffers alternate, so a frame is valid until the second next one is requested.
        """
        sealer = upload.reservation.cipher.content_cipher(upload.reservation.content)
        buffers = cycle(memoryview(bytearray(SEALED_FRAME_SIZE)) for _ in range(2))

        def seal(index: int, frame: memoryview, *, last: bool) -> memoryview:
            upload.content_hash.update(frame)
            return sealer.seal_into(next(buffers), index, frame, last=last)

        async with aclosing(prefetch_one(into_frames(head, chunks))) as frames:
            index = 0
            async for frame, last in frames:
                upload.size += len(frame)
                upload.reservation = await self.writer.extend_reservation(upload.reservation, upload.size)
                yield await asyncio.to_thread(seal, index, frame, last=last)
                index += 1


async def _read_head(chunks: Chunks) -> tuple[bytes, bool]:
    """Return the first bytes, just more than fits into a document, and whether they are the whole body."""
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if len(head) > MAX_INLINE_SIZE:
            return bytes(head), False
    return bytes(head), True


def _check_size(body: UploadBody, size: int) -> None:
    if body.size is not None and size != body.size:
        raise IncompleteUploadError

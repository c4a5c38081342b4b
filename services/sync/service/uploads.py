"""Uploads: small ones are written with the change, larger ones stream into a blob that the change then takes up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle

from services.sync.domain.frames import INLINE, SEALED_FRAME, filled
from services.sync.errors import UploadBrokenError, UploadLostError
from services.sync.ports import Blobs
from services.sync.service.acts import Act
from services.sync.service.ahead import one_ahead
from services.sync.service.draft import Draft
from services.sync.service.turns import Turns
from services.sync.service.writing import Arrival, Writing, Written, put_file, putting
from services.sync.store import Content, Contents, Seal, Sum
from shared.clock import Clock
from shared.errors import ServiceError
from shared.ids import NewId

Chunks = AsyncIterator[bytes]
Still = Callable[[], Awaitable[object]]
"""Raises when the device may no longer write."""

RESERVED_FOR = timedelta(hours=1)
"""How long an upload of which nothing is heard keeps its room; it is prolonged while bytes arrive."""
_FIRST_STEP = 8 << 20
_LONGEST_STEP = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a client sends: its bytes, and what is known of them before they come."""

    chunks: Chunks
    size: int | None
    """The size that is announced."""
    waits: bool
    """Whether the client sends nothing before it is asked to."""
    still: Still


@dataclass(slots=True, kw_only=True)
class _Upload:
    """One upload under way."""

    act: Act
    new: Arrival
    content: str
    reserved: int
    replaces: int
    """The size of what it replaces: that room is free when it is done."""
    extended_at: datetime
    seal: Seal
    sum: Sum
    size: int = 0

    @property
    def room(self) -> int:
        return self.reserved + self.replaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Takes files in."""

    turns: Turns
    writing: Writing
    contents: Contents
    blobs: Blobs
    new_id: NewId
    clock: Clock

    async def put(self, act: Act, body: Body, arrival: Arrival | None = None) -> Written:
        """Store *body* as the file at the address; whatever goes wrong, the old file stays as it is."""
        new = arrival or self.writing.arrival()
        if body.waits or body.size is None or body.size > INLINE:
            await self.writing.may_put(act, body.size or 0)
        head, whole = await _head(body.chunks)
        if whole:
            _require_size(body, len(head))
            return await self.writing.put_small(act, head, new)
        return await self._put_large(act, body, head, new)

    async def _put_large(self, act: Act, body: Body, head: bytes, new: Arrival) -> Written:
        content = new.content or self.new_id("cnt")
        try:
            upload = await self._begin(act, content, body.size or _FIRST_STEP, new)
            async with aclosing(one_ahead(self._frames(upload, head, body.chunks))) as frames:
                await self.blobs.write(upload.content, frames)
            _require_size(body, upload.size)
            await body.still()
            return await self._commit(upload)
        except BaseException:
            # Also when the client has gone: its room is free again at once. If this fails too, the collector does it.
            with suppress(ServiceError):
                await asyncio.shield(self.abandon(act.account, content))
            raise

    async def _begin(self, act: Act, content: str, size: int, new: Arrival) -> _Upload:
        """Reserve room for *size* bytes, less what is there already."""

        async def change(draft: Draft) -> _Upload:
            trail = await putting(draft, act)
            replaces = trail.node.size if trail.node else 0
            reserved = max(0, size - replaces)
            draft.space.require_room(reserved)
            draft.next_rev()
            draft.grow(reserved=reserved)
            until = draft.at + RESERVED_FOR
            draft.store(Content(id=content, account=act.account, refs=0, size=0, reserved=reserved, doomed_at=until))
            return _Upload(
                act=act,
                new=new,
                content=content,
                reserved=reserved,
                replaces=replaces,
                extended_at=draft.at,
                seal=draft.seal,
                sum=draft.seal.summing(),
            )

        return await self.turns.change(act.account, change)

    async def _frames(self, upload: _Upload, head: bytes, chunks: Chunks) -> AsyncGenerator[memoryview, None]:
        """Yield the sealed frames of a body that begins with *head*, each there until the next but one is asked for."""
        sealer = upload.seal.content(upload.content)
        rooms = cycle(memoryview(bytearray(SEALED_FRAME)) for _ in range(2))

        def sealed(index: int, frame: memoryview, *, last: bool) -> memoryview:
            upload.sum.update(frame)
            return sealer.seal_into(next(rooms), index, frame, last=last)

        async with aclosing(one_ahead(filled(head, chunks))) as frames:
            index = 0
            async for frame, last in frames:
                upload.size += len(frame)
                await self._make_room(upload)
                yield await asyncio.to_thread(sealed, index, frame, last=last)
                index += 1

    async def _make_room(self, upload: _Upload) -> None:
        """Reserve more when more has come than was reserved, and show that the upload lives."""
        if upload.size > upload.room:
            await self._reserve(upload, min(max(upload.size, _FIRST_STEP), _LONGEST_STEP))
        now = self.clock()
        if now - upload.extended_at > RESERVED_FOR / 4:
            if not await self.contents.extend(upload.content, until=now + RESERVED_FOR):
                raise UploadLostError
            upload.extended_at = now

    async def _reserve(self, upload: _Upload, step: int) -> None:
        needed = upload.size - upload.room

        async def change(draft: Draft) -> int:
            row = await _row(draft, upload)
            draft.space.require_room(needed)
            more = max(needed, min(step, draft.space.available_bytes))
            draft.next_rev()
            draft.grow(reserved=more)
            draft.settle(replace(row, reserved=row.reserved + more))
            return row.reserved + more

        upload.reserved = await self.turns.change(upload.act.account, change)

    async def _commit(self, upload: _Upload) -> Written:
        """Make the blob the file's content, or one with the same bytes that the account has already."""
        digest, act = upload.sum.hexdigest(), upload.act

        async def change(draft: Draft) -> Written:
            row = await _row(draft, upload)
            draft.grow(reserved=-row.reserved)
            trail = await putting(draft, act)
            draft.space.require_room(upload.size - (trail.node.size if trail.node else 0))
            same = await self.contents.same(act.account, digest)
            done = replace(row, refs=1, size=upload.size, reserved=0, digest=digest, doomed_at=None)
            if same is not None:
                done = replace(row, size=upload.size, reserved=0, doomed_at=draft.at)
                draft.use(same.id, upload.size, more=1)
            draft.settle(done)
            content = same.id if same else upload.content
            return put_file(draft, act, trail, content=content, size=upload.size, new=upload.new)

        return await self.turns.change(act.account, change)

    async def abandon(self, account: str, content: str) -> None:
        """Give the room of an upload back that nobody goes on with; one that was committed stays as it is."""

        async def change(draft: Draft) -> None:
            row = await self.contents.get(account, content)
            if row is not None and row.refs == 0:
                draft.next_rev()
                draft.grow(reserved=-row.reserved)
                draft.settle(replace(row, reserved=0, doomed_at=draft.at))

        await self.turns.change(account, change)


async def _head(chunks: Chunks) -> tuple[bytes, bool]:
    """Return the first bytes, a little more than fits into a document, and whether they are all."""
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if len(head) > INLINE:
            return bytes(head), False
    return bytes(head), True


async def _row(draft: Draft, upload: _Upload) -> Content:
    """Return the row of the upload; UploadLostError when its time was over and it was collected."""
    row = await draft.trees.contents.get(upload.act.account, upload.content)
    if row is None or row.refs != 0:
        raise UploadLostError
    return row


def _require_size(body: Body, size: int) -> None:
    if body.size is not None and size != body.size:
        raise UploadBrokenError

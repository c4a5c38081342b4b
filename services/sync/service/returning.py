"""One attempt at a restore: brings back what is not back yet, beside what is there; nothing is ever replaced.

Every node comes back under an id that follows from the restore and from the node that the backup holds. So an attempt
that goes on after another one knows by the ids what is there, wherever the customer may have moved it meanwhile, and
two at the same time cannot make anything twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from services.sync.domain.backups import BackupState
from services.sync.domain.frames import INLINE
from services.sync.domain.restores import Restore, Tally
from services.sync.domain.tree import Kind, Path
from services.sync.domain.visitors import Visitor
from services.sync.errors import (
    BackupUnknownError,
    HeldFileDamagedError,
    NothingHereError,
    QuotaExceededError,
    RestoreTargetGoneError,
    UploadLostError,
)
from services.sync.service.acts import Act
from services.sync.service.attempts import Attempt, found
from services.sync.service.backups import Backups
from services.sync.service.places import DeletedError, Make, Places
from services.sync.service.recovering import HeldContent, HeldNode, HeldTree, contents_of, skip_to
from services.sync.service.uploads import Body, Uploads
from services.sync.service.writing import Destination
from services.sync.store import RestoreRows, Seal, Trees
from services.sync.store.restores import counted, placed
from shared.clock import Clock
from shared.errors import ServiceError

_AT_ONCE: Final = 500
_TOGETHER: Final = 32
TELL_EVERY: Final = timedelta(seconds=1)


class SupersededError(Exception):
    """Another worker has taken the restore up, or its account was erased: nothing more may be written of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Reads backups for those whose files they hold."""

    backups: Backups
    trees: Trees
    uploads: Uploads
    rows: RestoreRows
    clock: Clock

    @property
    def _places(self) -> Places:
        return Places(self.trees.nodes)

    async def bring_back(self, restore: Restore, seal: Seal) -> Tally:
        """Bring back what is not back yet. A ServiceError ends it early: what has come back stays, and is noted."""
        backup = await self.backups.rows.get(restore.backup)
        if backup is None or backup.state is not BackupState.HELD:
            raise BackupUnknownError
        if restore.uploading:
            await self.uploads.abandon(restore.account, restore.uploading)
        tree = HeldTree()
        async with aclosing(self.backups.read(backup)) as records:
            if await skip_to(records, restore.account.__eq__) is None:
                raise BackupUnknownError
            async with aclosing(contents_of(records, seal, tree)) as contents:
                first = await anext(contents, None)  # all nodes are known now
                run = self._run(restore, seal, tree)
                try:
                    await self._all(run, _again(first, contents))
                except ServiceError:
                    await self._tell(run)
                    raise
        await self._tell(run)
        return run.tally

    def _run(self, restore: Restore, seal: Seal, tree: HeldTree) -> Attempt:
        now, top = self.clock(), found(tree, restore.account, restore.path)
        nodes = [top]
        for node in nodes:
            nodes += tree.members[node.id] if node.kind is Kind.FOLDER else ()
        visitor = Visitor(
            account=restore.account, username="", device="restore", may_write=True, until=now + timedelta(days=365)
        )
        return Attempt(restore=restore, seal=seal, visitor=visitor, top=top, nodes=nodes, told_at=now)

    async def _all(self, run: Attempt, contents: AsyncIterator[HeldContent]) -> None:
        await self._look_what_is_there(run)
        await self._require_room(run)
        files = await self._folders(run)
        if files:
            await self._contents(run, contents, files)
        run.tally.missing += sum(map(len, files.values()))

    async def _contents(
        self, run: Attempt, contents: AsyncIterator[HeldContent], files: dict[str, list[HeldNode]]
    ) -> None:
        """Bring the *files* of each content back; small ones together, so that they are written in one transaction."""
        together: list[Callable[[], Awaitable[None]]] = []
        async for content in contents:
            nodes = files.pop(content.id, [])
            if nodes and nodes[0].size > INLINE:
                await self._files(run, nodes, partial(self._putting_large, run, content))
            elif nodes and (data := await self._read(run, content, nodes)) is not None:
                together.append(partial(self._files, run, nodes, partial(self._putting_small, run, data)))
            if len(together) == _TOGETHER or not files:
                await _done(together)
                together.clear()
            if not files:
                return
        await _done(together)

    async def _read(self, run: Attempt, content: HeldContent, nodes: list[HeldNode]) -> bytes | None:
        try:
            return b"".join([piece async for piece in content.pieces])
        except HeldFileDamagedError:
            run.tally.missing += len(nodes)
            return None

    async def _look_what_is_there(self, run: Attempt) -> None:
        """Find what an earlier attempt brought back, and note how much is wanted."""
        if run.restore.claim > 1:
            held = {run.id_of(node): node for node in run.nodes}
            ids = list(held)
            for start in range(0, len(ids), _AT_ONCE):
                back = await self.trees.nodes.some(run.seal, ids[start : start + _AT_ONCE])
                run.there |= {held[node.id].id for node in back}
        place: Path | None = None
        if run.restore.place or run.top.id in run.there:
            place = await self._places.where(run, run.top.id)
            if place is None:
                raise RestoreTargetGoneError
        for node in run.nodes:
            if node.id in run.there:
                run.count(node)
                run.tally.bytes += node.size
        files = [node for node in run.nodes if node.kind is Kind.FILE]
        wanted = {"files_wanted": len(files), "bytes_wanted": sum(node.size for node in files)}
        run.before.files, run.before.bytes = run.tally.files, run.tally.bytes
        await self._tell(run, **wanted, **(placed(run.seal, run.restore, place) if place else {}))

    async def _require_room(self, run: Attempt) -> None:
        """Refuse before anything is written what cannot come back whole."""
        needed = sum(node.size for node in run.nodes if node.id not in run.there)
        space = await self.trees.spaces.get(run.restore.account)
        if space is not None and needed > space.available_bytes:
            room = space.available_bytes
            told = f"There is not enough room: {needed:,} bytes are to come back, and there is room for {room:,}."
            raise QuotaExceededError(told)

    async def _folders(self, run: Attempt) -> dict[str, list[HeldNode]]:
        """Make the folders; return which files each content is of."""
        files: dict[str, list[HeldNode]] = defaultdict(list)
        for node in run.nodes:
            if node.kind is Kind.FILE:
                if node.id not in run.there:
                    files[node.content].append(node)
            elif node.id in run.there:
                path = await self._places.where(run, node.id)
                if path is not None:
                    run.folders[node.id] = path
            else:
                await self._folder(run, node)
        return files

    async def _folder(self, run: Attempt, node: HeldNode) -> None:
        def make(path: Path) -> Awaitable[object]:
            return self.uploads.writing.make_folder(run.act(path), arrival=run.arrival(node))

        try:
            run.folders[node.id] = await self._places.settled(run, node, make)
        except DeletedError:
            return
        await self._came(run, node)

    async def _files(self, run: Attempt, nodes: list[HeldNode], putting: Callable[[HeldNode], Make]) -> None:
        """Put the first of *nodes*, which have one content, and copy it to all further places: copies share it."""
        source: Path | None = None
        for node in nodes:
            try:
                if source is None:
                    source = await self._places.settled(run, node, putting(node))
                else:
                    await self._places.settled(run, node, self._copying(run, source, node))
                    run.tally.bytes += node.size
            except DeletedError:
                continue
            except HeldFileDamagedError:
                run.tally.missing += len(nodes)
                return
            await self._came(run, node)

    def _putting_small(self, run: Attempt, data: bytes, node: HeldNode) -> Make:
        async def put(path: Path) -> None:
            await self.uploads.writing.put_small(run.act(path), data, run.arrival(node))
            run.tally.bytes += node.size

        return put

    def _putting_large(self, run: Attempt, content: HeldContent, node: HeldNode) -> Make:
        async def put(path: Path) -> None:
            # A name that is taken is refused before the first byte is read.
            new, before = run.arrival(node, self.uploads.new_id("cnt")), run.tally.bytes
            await self._tell(run, uploading=new.content)
            body = Body(chunks=self._counted(run, content.pieces), size=node.size, waits=False, still=_still)
            try:
                await self.uploads.put(run.act(path), body, new)
            except BaseException:
                run.tally.bytes = before
                raise

        return put

    def _copying(self, run: Attempt, source: Path, node: HeldNode) -> Make:
        async def copy(path: Path) -> None:
            to = Destination(path=path, overwrite=False)
            try:
                await self.uploads.writing.copy(Act(visitor=run.visitor, path=source), to, run.arrival(node))
            except NothingHereError as fault:
                raise UploadLostError from fault  # moved or deleted just now: the next attempt reads it again

        return copy

    async def _counted(self, run: Attempt, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
            run.tally.bytes += len(piece)
            await self._tell_in_time(run)

    async def _came(self, run: Attempt, node: HeldNode) -> None:
        run.count(node)
        if node is run.top:
            place = await self._places.where(run, node.id)
            await self._tell(run, **(placed(run.seal, run.restore, place) if place else {}))
        await self._tell_in_time(run)

    async def _tell_in_time(self, run: Attempt) -> None:
        if self.clock() - run.told_at >= TELL_EVERY:
            await self._tell(run)

    async def _tell(self, run: Attempt, **more: Any) -> None:
        """Note how far it has come, for whoever asks."""
        run.told_at = self.clock()
        fruit = (run.tally.files, run.tally.bytes) > (run.before.files, run.before.bytes)
        change = counted(run.tally) | ({"fruitless": 0} if fruit else {}) | more
        if not await self.rows.note(run.restore, change):
            raise SupersededError


async def _done(works: list[Callable[[], Awaitable[None]]]) -> None:
    """Do *works* at once and wait for all of them; then raise what the first that failed has raised."""
    for outcome in await asyncio.gather(*(work() for work in works), return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _again(first: HeldContent | None, rest: AsyncIterator[HeldContent]) -> AsyncIterator[HeldContent]:
    if first is not None:
        yield first
        async for each in rest:
            yield each


async def _still() -> None:
    """Nothing revokes the customer's own restore midway."""

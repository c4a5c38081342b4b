"""One attempt at a restore: brings back what is not back yet, beside what is there; nothing is ever replaced.

Every node comes back under an id that follows from the restore and from the node that the backup holds. So an attempt
that goes on after another one knows by the ids what is there, wherever the customer may have moved it meanwhile, and
two at the same time cannot make anything twice.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

from services.sync.domain.backups import BackupState
from services.sync.domain.conditions import Conditions, Tags
from services.sync.domain.frames import INLINE
from services.sync.domain.restores import Restore, Tally, node_of
from services.sync.domain.tree import DETACHED, NAME_BYTES, Kind, Path, root_of
from services.sync.domain.visitors import Visitor
from services.sync.errors import (
    BackupUnknownError,
    ContentDamagedError,
    HeldFileDamagedError,
    LockedError,
    MethodRefusedError,
    NameTwinError,
    NothingHereError,
    NotInBackupError,
    ParentMissingError,
    PreconditionFailedError,
    QuotaExceededError,
    RestoreTargetGoneError,
    UploadLostError,
)
from services.sync.service.acts import Act
from services.sync.service.backups import Backups
from services.sync.service.recovering import HeldContent, HeldNode, HeldTree, contents_of, skip_to
from services.sync.service.uploads import Body, Uploads
from services.sync.service.writing import Arrival, Destination
from services.sync.store import RestoreRows, Seal, Trees
from services.sync.store.restores import counted, placed
from shared.clock import Clock
from shared.errors import ServiceError

_MOST_TRIED: Final = 100
_AT_ONCE: Final = 500
TELL_EVERY: Final = timedelta(seconds=1)
_TAKEN = (MethodRefusedError, PreconditionFailedError, NameTwinError)
_NEW = Conditions(none_match=Tags(anything=True))
_Make = Callable[[Path], Awaitable[object]]


class SupersededError(Exception):
    """Another worker has taken the restore up, or its account was erased: nothing more may be written of it."""


class _DeletedError(Exception):
    """The folder into which something belongs was deleted by the customer: they do not want it."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """An attempt under way."""

    restore: Restore
    seal: Seal
    visitor: Visitor
    top: HeldNode
    nodes: list[HeldNode]
    """All that is wanted, folders before their members."""
    told_at: datetime
    there: set[str] = field(default_factory=set)
    """The held nodes that have come back already."""
    folders: dict[str, Path] = field(default_factory=dict)
    """Where the folders of the backup are now."""
    tally: Tally = field(default_factory=Tally)
    before: Tally = field(default_factory=Tally)

    def id_of(self, node: HeldNode) -> str:
        return node_of(self.restore.id, node.id)

    def arrival(self, node: HeldNode, content: str = "") -> Arrival:
        return Arrival(node=self.id_of(node), properties=node.properties, content=content)

    def act(self, path: Path) -> Act:
        return Act(visitor=self.visitor, path=path, conditions=_NEW)

    def count(self, node: HeldNode) -> None:
        if node.kind is Kind.FOLDER:
            self.tally.folders += 1
        else:
            self.tally.files += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Reads backups for those whose files they hold."""

    backups: Backups
    trees: Trees
    uploads: Uploads
    rows: RestoreRows
    clock: Clock

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

    def _run(self, restore: Restore, seal: Seal, tree: HeldTree) -> _Run:
        now, top = self.clock(), found(tree, restore.account, restore.path)
        nodes = [top]
        for node in nodes:
            nodes += tree.members[node.id] if node.kind is Kind.FOLDER else ()
        visitor = Visitor(
            account=restore.account, username="", device="restore", may_write=True, until=now + timedelta(days=365)
        )
        return _Run(restore=restore, seal=seal, visitor=visitor, top=top, nodes=nodes, told_at=now)

    async def _all(self, run: _Run, contents: AsyncIterator[HeldContent]) -> None:
        await self._look_what_is_there(run)
        await self._require_room(run)
        files = await self._folders(run)
        if files:
            async for content in contents:
                if content.id in files:
                    await self._files(run, content, files.pop(content.id))
                if not files:
                    break
        run.tally.missing += sum(map(len, files.values()))

    async def _look_what_is_there(self, run: _Run) -> None:
        """Find what an earlier attempt brought back, and note how much is wanted."""
        if run.restore.claim > 1:
            held = {run.id_of(node): node for node in run.nodes}
            ids = list(held)
            for start in range(0, len(ids), _AT_ONCE):
                back = await self.trees.nodes.some(run.seal, ids[start : start + _AT_ONCE])
                run.there |= {held[node.id].id for node in back}
        place: Path | None = None
        if run.restore.place or run.top.id in run.there:
            place = await self._where(run, run.top.id)
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

    async def _require_room(self, run: _Run) -> None:
        """Refuse before anything is written what cannot come back whole."""
        needed = sum(node.size for node in run.nodes if node.id not in run.there)
        space = await self.trees.spaces.get(run.restore.account)
        if space is not None and needed > space.available_bytes:
            room = space.available_bytes
            told = f"There is not enough room: {needed:,} bytes are to come back, and there is room for {room:,}."
            raise QuotaExceededError(told)

    async def _folders(self, run: _Run) -> dict[str, list[HeldNode]]:
        """Make the folders; return which files each content is of."""
        files: dict[str, list[HeldNode]] = defaultdict(list)
        for node in run.nodes:
            if node.kind is Kind.FILE:
                if node.id not in run.there:
                    files[node.content].append(node)
            elif node.id in run.there:
                path = await self._where(run, node.id)
                if path is not None:
                    run.folders[node.id] = path
            else:
                await self._folder(run, node)
        return files

    async def _folder(self, run: _Run, node: HeldNode) -> None:
        def make(path: Path) -> Awaitable[object]:
            return self.uploads.writing.make_folder(run.act(path), arrival=run.arrival(node))

        try:
            run.folders[node.id] = await self._settled(run, node, make)
        except _DeletedError:
            return
        await self._came(run, node)

    async def _files(self, run: _Run, content: HeldContent, nodes: list[HeldNode]) -> None:
        """Store *content* once, and copy it to all further places: copies share it."""
        source: Path | None = None
        for node in nodes:
            try:
                if source is None:
                    source = await self._settled(run, node, self._putting(run, content, node))
                else:
                    await self._settled(run, node, self._copying(run, source, node))
                    run.tally.bytes += node.size
            except _DeletedError:
                continue
            except HeldFileDamagedError:
                run.tally.missing += len(nodes)
                return
            await self._came(run, node)

    def _putting(self, run: _Run, content: HeldContent, node: HeldNode) -> _Make:
        return (
            self._putting_large(run, content, node) if node.size > INLINE else self._putting_small(run, content, node)
        )

    def _putting_small(self, run: _Run, content: HeldContent, node: HeldNode) -> _Make:
        data: list[bytes] = []

        async def put(path: Path) -> None:
            data.extend([piece async for piece in content.pieces])  # none the second time: the name was taken
            await self.uploads.writing.put_small(run.act(path), b"".join(data), run.arrival(node))
            run.tally.bytes += node.size

        return put

    def _putting_large(self, run: _Run, content: HeldContent, node: HeldNode) -> _Make:
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

    def _copying(self, run: _Run, source: Path, node: HeldNode) -> _Make:
        async def copy(path: Path) -> None:
            to = Destination(path=path, overwrite=False)
            try:
                await self.uploads.writing.copy(Act(visitor=run.visitor, path=source), to, run.arrival(node))
            except NothingHereError as fault:
                raise UploadLostError from fault  # moved or deleted just now: the next attempt reads it again

        return copy

    async def _counted(self, run: _Run, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
            run.tally.bytes += len(piece)
            await self._tell_in_time(run)

    async def _settled(self, run: _Run, node: HeldNode, make: _Make) -> Path:
        """Let *make* bring *node* back into its folder, under the first name that is free; return where."""
        folder, number = self._home(run, node), 1 if node is run.top else 0
        while number < _MOST_TRIED:
            name = _named(node.name, run.restore.asked_at, number, is_folder=node.kind is Kind.FOLDER)
            try:
                await make((*folder, name))
            except _TAKEN:
                number += 1
            except (ParentMissingError, LockedError):
                folder = await self._other_home(run, node, folder)
            else:
                return (*folder, name)
        raise ParentMissingError

    def _home(self, run: _Run, node: HeldNode) -> Path:
        if node is run.top:
            return run.restore.path[:-1]
        if node.parent not in run.folders:
            raise _DeletedError
        return run.folders[node.parent]

    async def _other_home(self, run: _Run, node: HeldNode, folder: Path) -> Path:
        """Return where *node* goes when *folder* is not there: the top, or where the customer has moved the folder."""
        if node is run.top:
            if not folder:
                raise LockedError(folder)
            return ()
        path = await self._where(run, node.parent)
        if path is None:
            run.folders.pop(node.parent, None)
            if await self._where(run, run.top.id) is None:
                raise RestoreTargetGoneError
            raise _DeletedError
        if path == folder:
            raise LockedError(folder)
        run.folders[node.parent] = path
        return path

    async def _where(self, run: _Run, held: str) -> Path | None:
        """Return where a folder that came back is now; None when it was deleted."""
        names: list[str] = []
        step = node_of(run.restore.id, held)
        while step != root_of(run.restore.account):
            node = await self.trees.nodes.get(run.seal, step)
            if node is None or node.parent == DETACHED:
                return None
            names.append(node.name)
            step = node.parent
        return tuple(reversed(names))

    async def _came(self, run: _Run, node: HeldNode) -> None:
        run.count(node)
        if node is run.top:
            place = await self._where(run, node.id)
            await self._tell(run, **(placed(run.seal, run.restore, place) if place else {}))
        await self._tell_in_time(run)

    async def _tell_in_time(self, run: _Run) -> None:
        if self.clock() - run.told_at >= TELL_EVERY:
            await self._tell(run)

    async def _tell(self, run: _Run, **more: Any) -> None:
        """Note how far it has come, for whoever asks."""
        run.told_at = self.clock()
        fruit = (run.tally.files, run.tally.bytes) > (run.before.files, run.before.bytes)
        change = counted(run.tally) | ({"fruitless": 0} if fruit else {}) | more
        if not await self.rows.note(run.restore, change):
            raise SupersededError


def found(tree: HeldTree, account: str, path: Path) -> HeldNode:
    """Return what was at *path*; NotInBackupError when nothing was."""
    node = next((one for one in tree.members[""] if one.id == root_of(account)), None)
    if node is None:
        raise ContentDamagedError
    for name in path:
        node = next((one for one in tree.members[node.id] if one.name == name), None)
        if node is None:
            raise NotInBackupError
    return node


def _named(name: str, at: datetime, number: int, *, is_folder: bool) -> str:
    """Return the name under which something comes back; the end of a file's name stays its end."""
    if number == 0:
        return name
    whole = PurePosixPath(name or "Everything")
    ending = "" if is_folder else whole.suffix[:40]
    stem = whole.name if is_folder else whole.name.removesuffix(ending)
    mark = f" (restored {at:%Y-%m-%d})" if number == 1 else f" (restored {at:%Y-%m-%d} {number})"
    room = NAME_BYTES - len((mark + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + mark + ending


async def _again(first: HeldContent | None, rest: AsyncIterator[HeldContent]) -> AsyncIterator[HeldContent]:
    if first is not None:
        yield first
        async for each in rest:
            yield each


async def _still() -> None:
    """Nothing revokes the customer's own restore midway."""

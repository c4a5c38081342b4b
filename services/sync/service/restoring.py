"""Restores what a customer had: from a held backup, beside what is there now; nothing is ever replaced."""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import PurePosixPath

from services.sync.domain.backups import Backup, BackupState
from services.sync.domain.tree import NAME_BYTES, Kind, Path, checked_path, root_of
from services.sync.domain.visitors import Visitor
from services.sync.errors import (
    AccountClosedError,
    BackupUnknownError,
    ContentDamagedError,
    NothingHereError,
    ParentMissingError,
)
from services.sync.service.acts import Act, reached
from services.sync.service.backups import Backups
from services.sync.service.draft import Draft
from services.sync.service.recovering import HeldContent, HeldNode, HeldTree, contents_of, skip_to
from services.sync.service.uploads import Body, Uploads
from services.sync.service.writing import Destination
from services.sync.store import Seal, Trees

_MOST_TRIED = 100


@dataclass(slots=True, kw_only=True)
class Restored:
    """What a restore brought back, and where to."""

    path: Path
    files: int = 0
    folders: int = 0
    bytes: int = 0
    missing: int = 0
    """Files that were replaced while the backup was taken: it does not hold their contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """Reads backups for those whose files they hold."""

    backups: Backups
    trees: Trees
    uploads: Uploads

    async def mine(self, account: str) -> list[Backup]:
        """Return the backups that hold the tree of *account*, the latest first; none once it was erased."""
        opened_at = await self.trees.spaces.opened_at(account)
        if opened_at is None:
            return []
        held = await self.backups.rows.in_state(BackupState.HELD)
        return sorted((one for one in held if one.asked_at > opened_at), key=lambda one: one.asked_at, reverse=True)

    async def restore(self, account: str, backup_id: str, path: Path, *, at: datetime) -> Restored:
        """Bring back what was at *path* (the root: everything) under a name that says so.

        AccountClosedError for an erased account, whose key is gone; whatever fails midway leaves what there was alone.
        """
        if await self.trees.erasures.has(account):
            raise AccountClosedError
        backup = next((one for one in await self.mine(account) if one.id == backup_id), None)
        if backup is None:
            raise BackupUnknownError
        seal = await self.trees.seal_of(account)
        records = self.backups.read(backup)
        if await skip_to(records, account.__eq__) is None:
            raise BackupUnknownError
        visitor = Visitor(account=account, username="", device="restore", may_write=True, until=at + timedelta(days=1))
        tree = HeldTree()
        return await self._bring_back(contents_of(records, seal, tree), tree, visitor, path, at=at, seal=seal)

    async def _bring_back(
        self,
        contents: AsyncIterator[HeldContent],
        tree: HeldTree,
        visitor: Visitor,
        path: Path,
        *,
        at: datetime,
        seal: Seal,
    ) -> Restored:
        content = await anext(contents, None)  # all nodes are known now
        top = _found(tree, seal.account, path)
        done = Restored(path=await self._free_place(visitor, path, top, at=at))
        files = await self._folders(visitor, tree, top, done)
        while content is not None:
            if content.id in files:
                await self._files(visitor, content, files.pop(content.id), done)
            content = await anext(contents, None)
        done.missing = sum(map(len, files.values()))
        return done

    async def _free_place(self, visitor: Visitor, path: Path, top: HeldNode, *, at: datetime) -> Path:
        """Return where *top* goes: into its old folder, or at the top when that is gone; where nothing is yet."""
        folder = path[:-1]

        async def is_free(wanted: Path, draft: Draft) -> bool | None:
            trail = await reached(draft, Act(visitor=visitor, path=wanted))
            return None if trail.folder is None else trail.node is None and not trail.twin

        for number in range(1, _MOST_TRIED):
            wanted = (*folder, _named(top.name, at, number, is_folder=top.kind is Kind.FOLDER))
            free = await self.uploads.turns.look(visitor.account, partial(is_free, wanted))
            if free is None:
                folder = ()
                wanted = wanted[-1:]
                free = await self.uploads.turns.look(visitor.account, partial(is_free, wanted))
            if free:
                return wanted
        raise ParentMissingError

    async def _folders(
        self, visitor: Visitor, tree: HeldTree, top: HeldNode, done: Restored
    ) -> dict[str, list[tuple[Path, HeldNode]]]:
        """Make the folders; return where each content goes."""
        files: dict[str, list[tuple[Path, HeldNode]]] = defaultdict(list)
        waiting = [(done.path, top)]
        for path, node in waiting:
            if node.kind is Kind.FILE:
                files[node.content].append((path, node))
                continue
            await self.uploads.writing.make_folder(Act(visitor=visitor, path=path), node.properties)
            done.folders += 1
            waiting += [((*path, member.name), member) for member in tree.members[node.id]]
        return files

    async def _files(
        self, visitor: Visitor, content: HeldContent, places: list[tuple[Path, HeldNode]], done: Restored
    ) -> None:
        """Store *content* once, and copy it to all further places: copies share it."""
        (first, held), *_ = places
        body = Body(chunks=content.pieces, size=held.size, waits=False, still=_still)
        await self.uploads.put(Act(visitor=visitor, path=first), body)
        for path, node in places:
            if path != first:
                to = Destination(path=path, overwrite=False)
                await self.uploads.writing.copy(Act(visitor=visitor, path=first), to)
            if node.properties:
                await self.uploads.writing.describe(Act(visitor=visitor, path=path), partial(_as_it_was, node))
            done.files += 1
            done.bytes += node.size


def _found(tree: HeldTree, account: str, path: Path) -> HeldNode:
    """Return what was at *path*; NothingHereError when nothing was."""
    node = next((one for one in tree.members[""] if one.id == root_of(account)), None)
    if node is None:
        raise ContentDamagedError
    for name in checked_path(path):
        node = next((one for one in tree.members[node.id] if one.name == name), None)
        if node is None:
            raise NothingHereError
    return node


def _named(name: str, at: datetime, number: int, *, is_folder: bool) -> str:
    """Return the name under which something comes back; the end of a file's name stays its end."""
    whole = PurePosixPath(name or "Everything")
    ending = "" if is_folder else whole.suffix[:40]
    stem = whole.name if is_folder else whole.name.removesuffix(ending)
    mark = f" (restored {at:%Y-%m-%d})" if number == 1 else f" (restored {at:%Y-%m-%d} {number})"
    room = NAME_BYTES - len((mark + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + mark + ending


def _as_it_was(node: HeldNode, _: str) -> str:
    return node.properties


async def _still() -> None:
    """Nothing revokes the customer's own restore midway."""

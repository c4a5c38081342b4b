"""The sync-collection report (RFC 6578): what has changed in a folder since a sync token.

Changes are listed in the order of their revisions, so a long response can be truncated anywhere and continued. When a
folder moves, everything inside it counts as changed. A folder that takes another folder's place cannot be reported in
this order, since the members of the old one are gone: tokens for the tree above it are refused.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from services.sync.domain.operation import DavOperation
from services.sync.domain.sync_tokens import TOMBSTONE_TTL, ChangeKey, SyncToken, Tombstone, moved_folders
from services.sync.domain.tree import DETACHED, Node, TreePath
from services.sync.errors import AccountClosedError, InvalidLimitError, InvalidSyncTokenError, UnsupportedReportError
from services.sync.service.tree.reader import CollectionListing
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import Tombstones
from shared.clock import Clock

MAX_CHANGES: Final = 5_000
"""Changes in one response."""
MAX_SCANNED_CHANGES: Final = 20_000
"""Changes read for one response; a client of a small folder in a large tree may have to request again."""
PRUNE_POLL_INTERVAL: Final = 3_600.0
_BATCH_SIZE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollectionRequest:
    """A report request: changes since *token* (empty: everything), with *deep* inside all folders below."""

    token: str
    deep: bool
    limit: int | None
    locks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncChange:
    """A change: *node* is now at *path* inside the folder; None when nothing is there any more."""

    key: ChangeKey
    path: TreePath
    node: Node | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollectionResult:
    """The changes in the folder of *listing*. When *truncated*, the client requests the rest with *token*."""

    listing: CollectionListing
    changes: tuple[SyncChange, ...]
    id_paths: dict[str, TreePath]
    """The ids of the folders from the root down to each node's parent."""
    token: str
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCollectionReport:
    """Answers sync-collection reports and prunes old tombstones."""

    tree_access: TreeAccess
    tombstones: Tombstones
    clock: Clock

    async def current_rev(self, account: str) -> int:
        """Return the current revision of *account*; from now on tombstones are written for it."""
        rev, is_tracked = await self.tree_access.read(account, _tracking_state)
        return rev if is_tracked else await self.tree_access.write(account, _start_tracking)

    async def list_changes(self, operation: DavOperation, request: SyncCollectionRequest) -> SyncCollectionResult:
        """Return the changes that *request* asks for in the folder of *operation*."""
        if request.limit is not None and request.limit < 1:
            raise InvalidLimitError
        upto = await self.current_rev(operation.account)
        return await self.tree_access.read(
            operation.account, lambda view: _build_result(view, operation, request, upto)
        )

    async def run(self) -> None:
        """Prune expired tombstones on schedule."""
        while True:
            await self.prune_tombstones(before=self.clock() - TOMBSTONE_TTL)
            await asyncio.sleep(PRUNE_POLL_INTERVAL)

    async def prune_tombstones(self, *, before: datetime) -> int:
        """Delete the tombstones written before *before*; return for how many accounts."""
        done = 0
        while found := await self.tombstones.find_prunable_revisions(by=before, limit=_BATCH_SIZE):
            for account, rev in found.items():
                try:
                    await self.tree_access.write(account, partial(_prune, upto=rev))
                except AccountClosedError:
                    await self.tombstones.delete_up_to_revision(account, revision=rev)
                done += 1
        return done


async def _tracking_state(view: TreeView) -> tuple[int, bool]:
    return view.usage.rev, view.usage.tracked_since_rev is not None


async def _start_tracking(uow: TreeUnitOfWork) -> int:
    if uow.usage.tracked_since_rev is None:
        uow.start_change_tracking()
    return uow.usage.rev


async def _prune(uow: TreeUnitOfWork, upto: int) -> None:
    uow.next_rev()
    uow.prune_tombstones(upto)


async def _build_result(
    view: TreeView, operation: DavOperation, request: SyncCollectionRequest, upto: int
) -> SyncCollectionResult:
    resolved = await view.resolve_checked(operation)
    folder = resolved.require_node()
    if not folder.is_folder:
        raise UnsupportedReportError
    view.require_database()
    scan = _ChangeScan(
        view=view, folder=folder, since=_parse_token(view, request.token, folder, upto), deep=request.deep
    )
    changes, end = await scan.list_changes(upto, min(request.limit or MAX_CHANGES, MAX_CHANGES))
    listing = CollectionListing(
        node=folder,
        path=operation.path,
        members=(),
        ids=resolved.ids,
        usage=view.usage,
        locks=tuple(await view.list_locks()) if request.locks else (),
        device_id=operation.device.id,
        at=view.at,
    )
    id_paths = {
        one.node.id: (*resolved.ids, *scan.folders.list_ancestors(one.node)) for one in changes if one.node is not None
    }
    return SyncCollectionResult(
        listing=listing,
        changes=tuple(changes),
        id_paths=id_paths,
        token=end.uri,
        truncated=end.rev < upto or bool(end.after),
    )


def _parse_token(view: TreeView, token: str, folder: Node, upto: int) -> SyncToken:
    """Return the state that *token* stands for; InvalidSyncTokenError when tombstones since then were pruned."""
    if not token:
        return SyncToken(folder=folder.id, rev=0, base_rev=upto)
    parsed, from_rev = SyncToken.parse(token, folder), view.usage.tracked_since_rev
    if from_rev is None or not from_rev <= parsed.base_rev <= upto or parsed.rev > upto:
        raise InvalidSyncTokenError
    return parsed


@dataclass(slots=True, kw_only=True)
class _FolderPaths:
    """Resolves folder ids to paths inside *top*; reads each folder once."""

    view: TreeView
    top: str
    known: dict[str, Node] = field(default_factory=dict)
    missing: set[str] = field(default_factory=lambda: {"", DETACHED})

    async def load_folders(self, ids: Iterable[str]) -> None:
        """Read the folders *ids* and all their ancestors."""
        requested = self._unknown(ids)
        while requested:
            found = {node.id: node for node in await self.view.trees.nodes.get_many(self.view.cipher, requested)}
            self.known |= found
            self.missing |= requested - found.keys()
            requested = self._unknown(node.parent for node in found.values())

    def _unknown(self, ids: Iterable[str]) -> set[str]:
        return {one for one in ids if one != self.top and one not in self.known and one not in self.missing}

    def find_path(self, folder: str) -> TreePath | None:
        """Return the path of *folder* inside the top; None when it is elsewhere."""
        names: list[str] = []
        while folder != self.top:
            node = self.known.get(folder)
            if node is None:
                return None
            names.append(node.name)
            folder = node.parent
        return tuple(reversed(names))

    def list_ancestors(self, node: Node) -> TreePath:
        """Return the ids of the folders between the top and *node*."""
        ids: list[str] = []
        while node.parent != self.top:
            ids.append(node.parent)
            node = self.known[node.parent]
        return tuple(reversed(ids))


@dataclass(slots=True, kw_only=True)
class _ChangeScan:
    """One scan for changes in *folder* after *since*."""

    view: TreeView
    folder: Node
    since: SyncToken
    deep: bool
    folders: _FolderPaths = field(init=False)

    def __post_init__(self) -> None:
        self.folders = _FolderPaths(view=self.view, top=self.folder.id)

    async def list_changes(self, upto: int, limit: int) -> tuple[list[SyncChange], SyncToken]:
        """Return up to *limit* changes in order, and the token for the state after them."""
        tombstones = await self._load_tombstones(upto)
        others = await self._find_deleted(tombstones)
        inside = await self._find_moved(tombstones, upto) if self.deep else {}
        others += self._locate_changes(inside.values())
        changed, horizon = await self._scan_changed(upto, limit, inside.keys())
        found = sorted(others + changed, key=lambda one: one.key)
        found = [one for one in found if self.since.key < one.key <= horizon]
        end = found[limit - 1].key if len(found) > limit else horizon
        if end == (upto + 1, ""):
            return found, SyncToken(folder=self.folder.id, rev=upto, base_rev=upto)
        # Tombstones of the last revision are read once more: the truncated response may not have had them all.
        base = max(self.since.base_rev, end[0] - 1)
        return found[:limit], SyncToken(folder=self.folder.id, rev=end[0], after=end[1], base_rev=base)

    async def _scan_changed(
        self, upto: int, limit: int, known_ids: Collection[str]
    ) -> tuple[list[SyncChange], ChangeKey]:
        """Return the next changed nodes except *known_ids*, and the key up to which the scan is complete."""
        at, scanned, changed = self.since.key, 0, list[SyncChange]()
        while len(changed) <= limit and scanned < MAX_SCANNED_CHANGES:
            nodes = await self._load_changed(at, upto)
            await self.folders.load_folders(node.parent for node in nodes)
            changed += self._locate_changes((node.rev, node) for node in nodes if node.id not in known_ids)
            if len(nodes) < _BATCH_SIZE:
                return changed, (upto + 1, "")
            at, scanned = (nodes[-1].rev, nodes[-1].id), scanned + len(nodes)
        return changed, at

    async def _load_changed(self, after: ChangeKey, upto: int) -> list[Node]:
        parent = "" if self.deep else self.folder.id
        return await self.view.trees.nodes.list_changed(
            self.view.cipher, after=after, upto=upto, limit=_BATCH_SIZE, parent=parent
        )

    def _locate_changes(self, changed: Iterable[tuple[int, Node]]) -> list[SyncChange]:
        found = []
        for rev, node in changed:
            parent = self.folders.find_path(node.parent)
            if parent is not None and node.id != self.folder.id:
                found.append(SyncChange(key=(rev, node.id), path=(*parent, node.name), node=node))
        return found

    async def _load_tombstones(self, upto: int) -> list[Tombstone]:
        limit = MAX_SCANNED_CHANGES + 1
        found = await self.view.trees.tombstones.list_since(self.view.cipher, self.since.base_rev, limit=limit)
        if len(found) == limit:
            raise InvalidSyncTokenError
        return [one for one in found if one.rev <= upto]

    async def _find_deleted(self, tombstones: list[Tombstone]) -> list[SyncChange]:
        """Return the paths inside the folder at which nothing is any more."""
        if self.deep:
            await self.folders.load_folders(one.parent for one in tombstones)
        parents = {one: path for one in tombstones if (path := self._parent_path(one)) is not None}
        occupied = await self.view.trees.nodes.get_by_locations(
            self.view.cipher, {one.name_key: one.parent for one in parents}
        )
        deleted: dict[str, SyncChange] = {}
        for one, path in parents.items():
            now = occupied.get(one.name_key)
            if now is None:
                deleted[one.name_key] = SyncChange(key=(one.rev, ""), path=(*path, one.name), node=None)
            elif self.deep and one.is_folder and now.is_folder and now.id != one.node:
                raise InvalidSyncTokenError
        return list(deleted.values())

    def _parent_path(self, tombstone: Tombstone) -> TreePath | None:
        if not self.deep:
            return () if tombstone.parent == self.folder.id else None
        return self.folders.find_path(tombstone.parent)

    async def _find_moved(self, tombstones: list[Tombstone], upto: int) -> dict[str, tuple[int, Node]]:
        """Return everything inside moved folders, each with the revision of the latest move that affected it."""
        found: dict[str, tuple[int, Node]] = {}
        moves = moved_folders(tombstones)
        await self.folders.load_folders(moves)
        for folder, rev in moves.items():
            top = self.folders.known.get(folder)
            if top is None or self.folders.find_path(folder) is None:
                continue
            for node in await self.view.list_descendants(top, limit=MAX_SCANNED_CHANGES - len(found)):
                found[node.id] = (max(rev, node.rev, found.get(node.id, (0, node))[0]), node)
            if len(found) > MAX_SCANNED_CHANGES:
                raise InvalidSyncTokenError
        await self.folders.load_folders({node.parent for _, node in found.values()})
        return {one: (rev, node) for one, (rev, node) in found.items() if rev <= upto}

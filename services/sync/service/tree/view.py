"""The read side of one account's tree: path resolution, members, locks, and the preconditions of a request."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.locks import Lock, check_lock_tokens, find_beneath, find_covering
from services.sync.domain.operation import DavOperation
from services.sync.domain.preconditions import ResourceState, check_if_header, check_if_match
from services.sync.domain.sync_tokens import TOKEN_PREFIX, SyncToken
from services.sync.domain.tree import Node, ResolvedPath, TreePath, normalize_name
from services.sync.errors import DavMethodNotAllowedError, InvalidSyncTokenError
from services.sync.store import AccountCipher, ChangeSet, TreeCache, TreeStore
from services.sync.store.tree_cache import LOAD_ALL_MAX_MEMBERS, MAX_CACHED_MEMBERS

ROOT_LOCATION = ("", "")
_FOLDER_BATCH_SIZE = 500


class CacheMissError(Exception):
    """The answer is not in memory; it takes a transaction to read it from the database."""


@dataclass(slots=True, kw_only=True)
class TreeView:
    """One account's tree and its counters at one revision.

    Without *reads_database* only the cache is consulted, and CacheMissError is raised where it does not suffice.
    """

    trees: TreeStore
    cipher: AccountCipher
    usage: AccountUsage
    cache: TreeCache
    at: datetime
    reads_database: bool
    changes: ChangeSet = field(default_factory=ChangeSet)
    """Changes that are not stored yet; reads see them. Always empty in a view that is no unit of work."""
    revisions_added: int = 0
    """Revisions that those changes add to the stored one."""
    _locks: list[Lock] | None = None

    # ── Preconditions of a request ────────────────────────────────────────────────────────────────────────────────

    async def resolve(self, operation: DavOperation) -> ResolvedPath:
        """Return the path of *operation* once its If header holds (RFC 4918 §10.4); If-Match is not evaluated."""
        target, preconditions = await self.resolve_path(operation.path), operation.preconditions
        if preconditions.condition_lists:
            states: dict[TreePath | None, ResourceState] = {None: await self._resource_state(operation, target)}
            for path in preconditions.tagged_paths:
                states[path] = await self._resource_state(operation, await self.resolve_path(path))
            check_if_header(preconditions, states)
        return target

    async def resolve_checked(self, operation: DavOperation) -> ResolvedPath:
        """Return the path of *operation* once all its preconditions hold; else PreconditionFailedError."""
        target = await self.resolve(operation)
        check_if_match(operation.preconditions, target.node)
        return target

    async def resolve_put_target(self, operation: DavOperation) -> ResolvedPath:
        """Return the path of *operation* once a file may be put there."""
        target = await self.resolve_checked(operation)
        if target.node is not None and target.node.is_folder:
            raise DavMethodNotAllowedError("A folder exists at this URL.")
        if target.node is None:
            target.require_parent()
        await self.require_unlocked(operation, target, members=target.node is None, deep=False)
        return target

    async def require_unlocked(
        self, operation: DavOperation, target: ResolvedPath, *, members: bool, deep: bool
    ) -> None:
        """Raise LockedError when a lock whose token *operation* did not submit protects *target*.

        *members*: the write also changes the membership of the parent; *deep*: it affects everything inside *target*.
        """
        locks = await self.list_locks()
        if locks:
            blocking = _find_blocking(locks, target, members=members, deep=deep)
            check_lock_tokens(blocking, operation.preconditions.submitted_tokens, operation.device.id)

    async def _resource_state(self, operation: DavOperation, target: ResolvedPath) -> ResourceState:
        own = (
            lock for lock in find_covering(await self.list_locks(), target.ids) if lock.device == operation.device.id
        )
        sync_tokens = await self._current_sync_tokens(operation, target.node)
        return ResourceState(target.node, frozenset([*(lock.token for lock in own), *sync_tokens]))

    async def _current_sync_tokens(self, operation: DavOperation, node: Node | None) -> list[str]:
        """Return the submitted sync tokens that are still current (RFC 6578 §5)."""
        if node is None or not node.is_folder:
            return []
        found = []
        for token in operation.preconditions.submitted_tokens:
            if token.startswith(TOKEN_PREFIX):
                with suppress(InvalidSyncTokenError):
                    if await self.is_current(SyncToken.parse(token, node)):
                        found.append(token)
        return found

    # ── Nodes and locks ───────────────────────────────────────────────────────────────────────────────────────────

    async def resolve_path(self, path: TreePath) -> ResolvedPath:
        """Return *path* with the nodes found along it."""
        root = await self.find_child(*ROOT_LOCATION)
        assert root is not None, "the root is created with the tree"
        ids, folder, node, has_conflict = [root.id], None, root, False
        for depth, name in enumerate(path, start=1):
            if not node.is_folder:
                return ResolvedPath(path=path, ids=tuple(ids), node=None, parent=None)
            found = await self.find_child(node.id, name)
            folder, has_conflict = node, found is not None and found.name != name
            if found is None or has_conflict:
                parent = folder if depth == len(path) else None
                return ResolvedPath(
                    path=path, ids=tuple(ids), node=None, parent=parent, has_normalization_conflict=has_conflict
                )
            ids.append(found.id)
            node = found
        return ResolvedPath(path=path, ids=tuple(ids), node=node, parent=folder)

    async def find_child(self, parent: str, name: str) -> Node | None:
        """Return the member of *parent* whose name equals *name* in NFC."""
        location = (parent, normalize_name(name))
        if location in self.changes.locations:
            return self._changed_node(self.changes.locations[location])
        if self._cache_is_current and self.cache.has(location):
            return self._latest_version(self.cache.get(location))
        self.require_database()
        if self._cache_is_current and self.cache.should_load_all(parent):
            await self._load_members(parent, limit=LOAD_ALL_MAX_MEMBERS)
            return await self.find_child(parent, name)
        node = await self.trees.nodes.get_child(self.cipher, parent, name)
        if self._cache_is_current:
            self.cache.put(location, node)
        return self._latest_version(node)

    async def list_members(self, folder: str) -> list[Node]:
        """Return all members of *folder*."""
        cached = self.cache.folders.get(folder) if self._cache_is_current else None
        base = list(cached.values()) if cached is not None else await self._load_members(folder)
        latest = (self._latest_version(node) for node in base)
        members = {node.id: node for node in latest if node is not None and node.parent == folder}
        for node in self.changes.nodes.values():
            if node.parent == folder:
                members[node.id] = node
        return list(members.values())

    async def _load_members(self, folder: str, *, limit: int | None = None) -> list[Node]:
        """Read all members of *folder*, or *limit* and one more; cache them when they are all and not too many."""
        self.require_database()
        nodes = await self.trees.nodes.list_members_of_folders(
            self.cipher, [folder], limit=0 if limit is None else limit + 1
        )
        if len(nodes) <= (limit or MAX_CACHED_MEMBERS) and self._cache_is_current:
            self.cache.put_folder(folder, nodes)
        return nodes

    async def list_descendants(self, node: Node, *, limit: int) -> list[Node]:
        """Return everything inside *node*, folders before their members; stop after *limit* and one more."""
        found: list[Node] = []
        level = [node.id] if node.is_folder else []
        while level and len(found) <= limit:
            inside = await self._list_members_of(level, limit + 1)
            found += inside
            level = [each.id for each in inside if each.is_folder]
        return found

    async def _list_members_of(self, folders: list[str], limit: int) -> list[Node]:
        if self.changes.nodes or self.changes.removed_ids or len(folders) == 1:
            return [node for folder in folders for node in await self.list_members(folder)]
        self.require_database()
        found: list[Node] = []
        for start in range(0, len(folders), _FOLDER_BATCH_SIZE):
            some = folders[start : start + _FOLDER_BATCH_SIZE]
            found += await self.trees.nodes.list_members_of_folders(self.cipher, some, limit=limit)
        return found

    async def list_locks(self) -> list[Lock]:
        """Return the live locks of the account."""
        if self._locks is None and not self.usage.locks:
            self._locks = []
        if self._locks is None:
            self.require_database()
            self._locks = await self.trees.locks.list_active(self.cipher, at=self.at)
        return self._locks

    async def is_current(self, since: SyncToken) -> bool:
        """Tell whether nothing in the tree has changed since the token *since* was issued."""
        from_rev = self.usage.tracked_since_rev
        if since.after or from_rev is None or not from_rev <= since.rev <= self.usage.rev:
            return False
        if self.changes.tombstones or any(node.rev > since.rev for node in self.changes.nodes.values()):
            return False
        self.require_database()
        upto = self.usage.rev
        return not (
            await self.trees.nodes.list_changed(self.cipher, after=since.key, upto=upto, limit=1)
            or await self.trees.tombstones.list_since(self.cipher, since.rev, limit=1)
        )

    def _changed_node(self, node: str | None) -> Node | None:
        return None if node is None else self.changes.nodes[node]

    def _latest_version(self, node: Node | None) -> Node | None:
        """Return the present version of *node*; None when it was deleted."""
        if node is None or node.id in self.changes.removed_ids:
            return None
        return self.changes.nodes.get(node.id, node)

    def require_database(self) -> None:
        """Raise CacheMissError unless this view may read the database; TreeAccess then retries in a transaction."""
        if not self.reads_database:
            raise CacheMissError

    @property
    def _cache_is_current(self) -> bool:
        # A transaction reads one snapshot, while the cache may have advanced since.
        return not self.reads_database or self.cache.rev == self.base_rev

    @property
    def base_rev(self) -> int:
        """The stored revision."""
        return self.usage.rev - self.revisions_added


def _find_blocking(locks: list[Lock], target: ResolvedPath, *, members: bool, deep: bool) -> Iterable[Lock]:
    found: dict[str, Lock] = {}
    if target.node is not None:
        found |= {lock.token: lock for lock in find_covering(locks, target.ids)}
        if deep:
            found |= {lock.token: lock for lock in find_beneath(locks, target.node.id)}
    if members and target.parent is not None:
        folder_ids = target.ids[:-1] if target.node is not None else target.ids
        found |= {lock.token: lock for lock in find_covering(locks, folder_ids)}
    return found.values()

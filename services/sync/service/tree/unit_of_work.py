"""The tree of one account while something looks at it or changes it: what is stored, and over it what is new."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.locks import Lock
from services.sync.domain.sync_tokens import MAX_TOMBSTONES, PRUNE_INTERVAL, SyncToken, Tombstone
from services.sync.domain.tree import DETACHED, Node, ResolvedPath, TreePath, normalize_name
from services.sync.store import AccountCipher, ChangeSet, Content, TreeCache, TreeStore
from services.sync.store.tree_cache import LOAD_ALL_MAX_MEMBERS, MAX_CACHED_MEMBERS, node_location

ROOT_LOCATION = ("", "")
_FOLDER_BATCH_SIZE = 500


class CacheMissError(Exception):
    """The answer is not in memory: it takes a transaction to read it from the database."""


@dataclass(slots=True, kw_only=True)
class TreeUnitOfWork:
    """A tree and its counters at one revision, and the changes made to them; ``Turns`` writes them."""

    trees: TreeStore
    cipher: AccountCipher
    usage: AccountUsage
    cache: TreeCache
    at: datetime
    reads_database: bool
    changes: ChangeSet = field(default_factory=ChangeSet)
    revisions_added: int = 0
    """How many revisions this draft has added."""
    _locks: list[Lock] | None = None

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def resolve_path(self, path: TreePath) -> ResolvedPath:
        """Return what is found on the way to *path*."""
        root = await self.find_child(*ROOT_LOCATION)
        assert root is not None, "the root is made with the space"
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
        """Return the member of *parent* whose name looks like *name*."""
        place = (parent, normalize_name(name))
        if place in self.changes.locations:
            return self._changed_node(self.changes.locations[place])
        if self._cache_is_current and self.cache.has(place):
            return self._latest_version(self.cache.get(place))
        self.require_database()
        if self._cache_is_current and self.cache.should_load_all(parent):
            await self._load_members(parent, limit=LOAD_ALL_MAX_MEMBERS)
            return await self.find_child(parent, name)
        node = await self.trees.nodes.get_child(self.cipher, parent, name)
        if self._cache_is_current:
            self.cache.put(place, node)
        return self._latest_version(node)

    async def list_members(self, folder: str) -> list[Node]:
        """Return all members of *folder*."""
        cached = self.cache.folders.get(folder) if self._cache_is_current else None
        base = list(cached.values()) if cached is not None else await self._load_members(folder)
        latest = (self._latest_version(node) for node in base)
        here = {node.id: node for node in latest if node is not None and node.parent == folder}
        for node in self.changes.nodes.values():
            if node.parent == folder:
                here[node.id] = node
        return list(here.values())

    async def _load_members(self, folder: str, *, limit: int | None = None) -> list[Node]:
        """Read the members of *folder*: all, or *most* and one; keep them if they are all and not too many."""
        self.require_database()
        nodes = await self.trees.nodes.list_members_of_folders(
            self.cipher, [folder], limit=0 if limit is None else limit + 1
        )
        if len(nodes) <= (limit or MAX_CACHED_MEMBERS) and self._cache_is_current:
            self.cache.put_folder(folder, nodes)
        return nodes

    async def list_descendants(self, node: Node, *, limit: int) -> list[Node]:
        """Return everything inside *node*, folders before their members; stops after *most* and one more."""
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
        """Tell whether nothing in the tree has changed since *mark* was given."""
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
        """Return *node* as it is now; None when it is gone."""
        if node is None or node.id in self.changes.removed_ids:
            return None
        return self.changes.nodes.get(node.id, node)

    def require_database(self) -> None:
        """Go on only where the database may be read; ``Turns`` then begins anew in a transaction."""
        if not self.reads_database:
            raise CacheMissError

    @property
    def _cache_is_current(self) -> bool:
        # A transaction reads one moment: meanwhile the shelf may have gone on.
        return not self.reads_database or self.cache.rev == self.base_rev

    @property
    def base_rev(self) -> int:
        """The revision that is stored."""
        return self.usage.rev - self.revisions_added

    # ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def next_rev(self) -> int:
        """Begin a change and return its revision."""
        self.revisions_added += 1
        self.usage = replace(self.usage, rev=self.usage.rev + 1)
        return self.usage.rev

    def add(self, node: Node) -> None:
        """Put a new node at its place."""
        self.changes.nodes[node.id] = node
        self.changes.locations[node_location(node)] = node.id

    def update(self, old: Node, new: Node) -> None:
        """Put *new* in place of *old*, which is the same node as it was, perhaps elsewhere."""
        if old.id not in self.changes.nodes:
            self.changes.stored_ids.add(old.id)
        self.changes.nodes[new.id] = new
        if node_location(old) != node_location(new):
            self._vacate(old)
        if new.parent != DETACHED:
            self.changes.locations[node_location(new)] = new.id

    def remove_node(self, node: Node) -> None:
        """Take *node* away for good; it has no members."""
        if node.id not in self.changes.nodes or node.id in self.changes.stored_ids:
            self.changes.removed_ids.add(node.id)
        self.changes.nodes.pop(node.id, None)
        self.changes.stored_ids.discard(node.id)
        self._vacate(node)

    def remove_detached(self, node: str) -> None:
        """Take a node away that is out of the tree already."""
        self.changes.removed_ids.add(node)

    def _vacate(self, node: Node) -> None:
        place = node_location(node)
        if self.changes.locations.get(place, node.id) == node.id:
            self.changes.locations[place] = None

    def add_tombstone(self, node: Node) -> None:
        """Note that *node* leaves its place with this revision, if a client may have seen it there."""
        tracked_since_rev, rev = self.usage.tracked_since_rev, self.usage.rev
        if tracked_since_rev is None or (node.id in self.changes.nodes and node.id not in self.changes.stored_ids):
            return
        tombstone = Tombstone(
            node=node.id,
            parent=node.parent,
            name=node.name,
            name_key=self.cipher.name_key(node.parent, node.name),
            is_folder=node.is_folder,
            rev=rev,
        )
        self.changes.tombstones[tombstone.id] = tombstone
        if rev - tracked_since_rev > MAX_TOMBSTONES + PRUNE_INTERVAL:
            self.prune_tombstones(rev - MAX_TOMBSTONES)

    def start_change_tracking(self) -> None:
        """From now on, note what leaves its place."""
        rev = self.next_rev()
        self.usage = replace(self.usage, tracked_since_rev=rev)

    def prune_tombstones(self, upto: int) -> None:
        """Forget what left its place up to the revision *upto*: who has seen no more begins anew."""
        self.usage = replace(self.usage, tracked_since_rev=max(upto, self.usage.tracked_since_rev or 0))
        self.changes.pruned_revision = self.usage.tracked_since_rev

    def touch_folder(self, folder: Node, rev: int) -> None:
        """Note that the members of *folder* have changed."""
        now = self.changes.nodes.get(folder.id, folder)
        self.update(now, replace(now, rev=rev, tag=rev, modified_at=max(self.at, now.modified_at)))

    def adjust_usage(self, *, used: int = 0, files: int = 0, reserved: int = 0) -> None:
        """Change the counters."""
        space = self.usage
        self.usage = replace(
            space,
            used_bytes=space.used_bytes + used,
            files=space.files + files,
            reserved_bytes=max(0, space.reserved_bytes + reserved),
        )

    def add_content(self, content: Content) -> None:
        """Keep a new content."""
        self.changes.contents[content.id] = content

    def update_content(self, content: Content) -> None:
        """Keep a content whose upload is over, as it is now."""
        self.changes.completed_uploads[content.id] = content

    def adjust_refs(self, content: str, size: int, *, delta: int) -> None:
        """Change how many nodes use *content*."""
        if not content:
            return
        for fresh in (self.changes.contents, self.changes.completed_uploads):
            if content in fresh:
                fresh[content] = replace(fresh[content], refs=fresh[content].refs + delta)
                self._drop_unreferenced(content, fresh)
                return
        self.changes.ref_deltas[content] += delta
        self.changes.content_sizes[content] = size

    def _drop_unreferenced(self, content: str, fresh: dict[str, Content]) -> None:
        if fresh[content].refs > 0:
            return
        if fresh is self.changes.contents:
            del fresh[content]  # made and thrown away within one batch: it is never stored
        else:
            fresh[content] = replace(fresh[content], delete_after=self.at)

    def lock(self, lock: Lock) -> None:
        """Add or refresh *lock*."""
        self._set_locks([*(one for one in self._loaded_locks() if one.token != lock.token), lock])
        self.changes.locks[lock.token] = lock
        self.changes.released_locks.discard(lock.token)

    def unlock(self, locks: Iterable[Lock]) -> None:
        """Take *locks* away."""
        tokens = {lock.token for lock in locks}
        if not tokens:
            return
        self._set_locks([lock for lock in self._loaded_locks() if lock.token not in tokens])
        self.changes.released_locks |= tokens
        for token in tokens:
            self.changes.locks.pop(token, None)

    def _loaded_locks(self) -> list[Lock]:
        assert self._locks is not None, "read the locks before changing them"
        return self._locks

    def _set_locks(self, locks: list[Lock]) -> None:
        self._locks = locks
        self.usage = replace(self.usage, locks=len(locks))

    def recount_locks(self) -> None:
        """Correct the counter once locks have ended by themselves."""
        if self._locks is not None and len(self._locks) != self.usage.locks:
            self.usage = replace(self.usage, locks=len(self._locks))

    # ── One of several changes that are written together ──────────────────────────────────────────────────────────

    def copy(self) -> "TreeUnitOfWork":
        """Return a draft that goes on from here and can be thrown away."""
        return replace(self, changes=self.changes.copy(), _locks=None if self._locks is None else list(self._locks))

"""The write side of one account's tree: the changes of a transaction, collected before any of them is stored."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.sync.domain.locks import Lock, find_beneath
from services.sync.domain.operation import DavOperation, NewNode, WriteKind, WriteResult
from services.sync.domain.sync_tokens import MAX_TOMBSTONES, PRUNE_INTERVAL, Tombstone
from services.sync.domain.tree import DETACHED, Node, NodeKind, ResolvedPath
from services.sync.service.tree.view import TreeView
from services.sync.store import Content
from services.sync.store.tree_cache import node_location


@dataclass(slots=True, kw_only=True)
class TreeUnitOfWork(TreeView):
    """A tree and the changes made to it in one transaction; the write queue stores them."""

    # ── Whole steps of a request ──────────────────────────────────────────────────────────────────────────────────

    def put_file(
        self, operation: DavOperation, target: ResolvedPath, *, content: str, size: int, new_node: NewNode
    ) -> WriteResult:
        """Store *content* as the file at *target*, which becomes *new_node* when there is none."""
        rev, old = self.next_rev(), target.node
        folder = target.require_parent()
        if old is None:
            node = self.add_node(folder, operation.path[-1], new_node, NodeKind.FILE, size=size, content=content)
            self.adjust_usage(used=size, files=1)
        else:
            # Never back in time, so that If-Unmodified-Since stays true when the clock is set back.
            modified_at = max(self.at, old.modified_at)
            node = replace(old, rev=rev, tag=rev, modified_at=modified_at, size=size, content=content)
            self.update(old, node)
            self.adjust_refs(old.content, old.size, delta=-1)
            self.adjust_usage(used=size - old.size)
        self.touch_folder(folder, rev)
        return WriteResult(kind=WriteKind.CREATED if old is None else WriteKind.REPLACED, node=node)

    def add_node(
        self, folder: Node, name: str, new_node: NewNode, kind: NodeKind, *, size: int = 0, content: str = ""
    ) -> Node:
        """Add a node to *folder* at the current revision and return it."""
        rev = self.usage.rev
        node = Node(
            id=new_node.id,
            parent=folder.id,
            name=name,
            kind=kind,
            rev=rev,
            tag=rev,
            created_at=self.at,
            modified_at=self.at,
            size=size,
            content=content,
            properties=new_node.properties,
        )
        self.add(node)
        return node

    async def detach_node(self, node: Node, rev: int) -> None:
        """Take *node* out of the tree; the members of a folder stay in it until the garbage collector removes them."""
        await self.release_locks(node)
        self.add_tombstone(node)
        if node.is_folder:
            self.update(node, replace(node, parent=DETACHED, rev=rev))
            return
        self.remove_node(node)
        self.adjust_refs(node.content, node.size, delta=-1)
        self.adjust_usage(used=-node.size, files=-1)

    async def release_locks(self, node: Node) -> None:
        """Release the locks on *node* and inside it: a resource that leaves its address loses them (RFC 4918 §7.7)."""
        self.unlock(find_beneath(await self.list_locks(), node.id))

    # ── Bookkeeping ───────────────────────────────────────────────────────────────────────────────────────────────

    def next_rev(self) -> int:
        """Start a change and return its revision."""
        self.revisions_added += 1
        self.usage = replace(self.usage, rev=self.usage.rev + 1)
        return self.usage.rev

    def add(self, node: Node) -> None:
        """Add a new node at its location."""
        self.changes.nodes[node.id] = node
        self.changes.locations[node_location(node)] = node.id

    def update(self, old: Node, new: Node) -> None:
        """Replace *old* by *new*, a later version of the same node, at the same location or another."""
        if old.id not in self.changes.nodes:
            self.changes.stored_ids.add(old.id)
        self.changes.nodes[new.id] = new
        if node_location(old) != node_location(new):
            self._vacate(old)
        if new.parent != DETACHED:
            self.changes.locations[node_location(new)] = new.id

    def remove_node(self, node: Node) -> None:
        """Delete *node*, which has no members."""
        if node.id not in self.changes.nodes or node.id in self.changes.stored_ids:
            self.changes.removed_ids.add(node.id)
        self.changes.nodes.pop(node.id, None)
        self.changes.stored_ids.discard(node.id)
        self._vacate(node)

    def remove_detached(self, node: str) -> None:
        """Delete a node that is detached already."""
        self.changes.removed_ids.add(node)

    def _vacate(self, node: Node) -> None:
        location = node_location(node)
        if self.changes.locations.get(location, node.id) == node.id:
            self.changes.locations[location] = None

    def add_tombstone(self, node: Node) -> None:
        """Record that *node* leaves its location at this revision, if a sync token may cover it there."""
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
        """Write tombstones from now on."""
        rev = self.next_rev()
        self.usage = replace(self.usage, tracked_since_rev=rev)

    def prune_tombstones(self, upto: int) -> None:
        """Delete the tombstones up to the revision *upto*; older sync tokens become invalid."""
        self.usage = replace(self.usage, tracked_since_rev=max(upto, self.usage.tracked_since_rev or 0))
        self.changes.pruned_revision = self.usage.tracked_since_rev

    def touch_folder(self, folder: Node, rev: int) -> None:
        """Record that the membership of *folder* has changed: it gets a new revision and ETag."""
        now = self.changes.nodes.get(folder.id, folder)
        self.update(now, replace(now, rev=rev, tag=rev, modified_at=max(self.at, now.modified_at)))

    def adjust_usage(self, *, used: int = 0, files: int = 0, reserved: int = 0) -> None:
        """Change the counters of the account."""
        usage = self.usage
        self.usage = replace(
            usage,
            used_bytes=usage.used_bytes + used,
            files=usage.files + files,
            reserved_bytes=max(0, usage.reserved_bytes + reserved),
        )

    def add_content(self, content: Content) -> None:
        """Add a new content."""
        self.changes.contents[content.id] = content

    def update_content(self, content: Content) -> None:
        """Update a content whose upload has ended."""
        self.changes.completed_uploads[content.id] = content

    def adjust_refs(self, content: str, size: int, *, delta: int) -> None:
        """Change the reference count of *content*, which has *size* bytes."""
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
            del fresh[content]  # created and dropped within one batch: it is never stored
        else:
            fresh[content] = replace(fresh[content], delete_after=self.at)

    def lock(self, lock: Lock) -> None:
        """Add or refresh *lock*."""
        self._set_locks([*(one for one in self._loaded_locks() if one.token != lock.token), lock])
        self.changes.locks[lock.token] = lock
        self.changes.released_locks.discard(lock.token)

    def unlock(self, locks: Iterable[Lock]) -> None:
        """Release *locks*."""
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
        """Correct the lock counter once locks have expired."""
        if self._locks is not None and len(self._locks) != self.usage.locks:
            self.usage = replace(self.usage, locks=len(self._locks))

    # ── One of several changes that are written together ──────────────────────────────────────────────────────────

    def copy(self) -> "TreeUnitOfWork":
        """Return a copy to which one change of a batch is applied; it is dropped when that change is refused."""
        return replace(self, changes=self.changes.copy(), _locks=None if self._locks is None else list(self._locks))

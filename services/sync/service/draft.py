"""The tree of one account while something looks at it or changes it: what is stored, and over it what is new."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.sync.domain.following import FORGET_EVERY, MOST_KEPT, Mark, Tombstone
from services.sync.domain.locks import Lock
from services.sync.domain.space import Space
from services.sync.domain.tree import DETACHED, Node, Path, Trail, canonical
from services.sync.store import Changes, Content, Seal, Shelf, Trees
from services.sync.store.shelf import MOST_MEMBERS, READ_WHOLE, place_of

ROOT_PLACE = ("", "")
_FOLDERS_AT_ONCE = 500


class NotOnShelfError(Exception):
    """The answer is not in memory: it takes a transaction to read it from the database."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A tree and its counters at one revision, and the changes made to them; ``Turns`` writes them."""

    trees: Trees
    seal: Seal
    space: Space
    shelf: Shelf
    at: datetime
    reads_database: bool
    changes: Changes = field(default_factory=Changes)
    steps: int = 0
    """How many revisions this draft has added."""
    _locks: list[Lock] | None = None

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def trail(self, path: Path) -> Trail:
        """Return what is found on the way to *path*."""
        root = await self.child(*ROOT_PLACE)
        assert root is not None, "the root is made with the space"
        ids, folder, node, twin = [root.id], None, root, False
        for depth, name in enumerate(path, start=1):
            if not node.is_folder:
                return Trail(path=path, ids=tuple(ids), node=None, folder=None)
            found = await self.child(node.id, name)
            folder, twin = node, found is not None and found.name != name
            if found is None or twin:
                holder = folder if depth == len(path) else None
                return Trail(path=path, ids=tuple(ids), node=None, folder=holder, twin=twin)
            ids.append(found.id)
            node = found
        return Trail(path=path, ids=tuple(ids), node=node, folder=folder)

    async def child(self, parent: str, name: str) -> Node | None:
        """Return the member of *parent* whose name looks like *name*."""
        place = (parent, canonical(name))
        if place in self.changes.places:
            return self._changed(self.changes.places[place])
        if self._shelf_is_true and self.shelf.knows(place):
            return self._latest(self.shelf.at(place))
        self.require_database()
        if self._shelf_is_true and self.shelf.wants_whole(parent):
            await self._read_members(parent, most=READ_WHOLE)
            return await self.child(parent, name)
        node = await self.trees.nodes.child(self.seal, parent, name)
        if self._shelf_is_true:
            self.shelf.note(place, node)
        return self._latest(node)

    async def members(self, folder: str) -> list[Node]:
        """Return all members of *folder*."""
        kept = self.shelf.folders.get(folder) if self._shelf_is_true else None
        base = list(kept.values()) if kept is not None else await self._read_members(folder)
        latest = (self._latest(node) for node in base)
        here = {node.id: node for node in latest if node is not None and node.parent == folder}
        for node in self.changes.nodes.values():
            if node.parent == folder:
                here[node.id] = node
        return list(here.values())

    async def _read_members(self, folder: str, *, most: int | None = None) -> list[Node]:
        """Read the members of *folder*: all, or *most* and one; keep them if they are all and not too many."""
        self.require_database()
        nodes = await self.trees.nodes.beneath(self.seal, [folder], limit=0 if most is None else most + 1)
        if len(nodes) <= (most or MOST_MEMBERS) and self._shelf_is_true:
            self.shelf.note_folder(folder, nodes)
        return nodes

    async def beneath(self, node: Node, *, most: int) -> list[Node]:
        """Return everything inside *node*, folders before their members; stops after *most* and one more."""
        found: list[Node] = []
        level = [node.id] if node.is_folder else []
        while level and len(found) <= most:
            inside = await self._members_of_all(level, most + 1)
            found += inside
            level = [each.id for each in inside if each.is_folder]
        return found

    async def _members_of_all(self, folders: list[str], most: int) -> list[Node]:
        if self.changes.nodes or self.changes.removed or len(folders) == 1:
            return [node for folder in folders for node in await self.members(folder)]
        self.require_database()
        found: list[Node] = []
        for start in range(0, len(folders), _FOLDERS_AT_ONCE):
            some = folders[start : start + _FOLDERS_AT_ONCE]
            found += await self.trees.nodes.beneath(self.seal, some, limit=most)
        return found

    async def locks(self) -> list[Lock]:
        """Return the live locks of the account."""
        if self._locks is None and not self.space.locks:
            self._locks = []
        if self._locks is None:
            self.require_database()
            self._locks = await self.trees.locks.live(self.seal, at=self.at)
        return self._locks

    async def unchanged_since(self, mark: Mark) -> bool:
        """Tell whether nothing in the tree has changed since *mark* was given."""
        from_rev = self.space.followed_from
        if mark.after or from_rev is None or not from_rev <= mark.rev <= self.space.rev:
            return False
        if self.changes.tombstones or any(node.rev > mark.rev for node in self.changes.nodes.values()):
            return False
        self.require_database()
        upto = self.space.rev
        return not (
            await self.trees.nodes.changed(self.seal, after=mark.key, upto=upto, limit=1)
            or await self.trees.tombstones.since(self.seal, mark.rev, limit=1)
        )

    def _changed(self, node: str | None) -> Node | None:
        return None if node is None else self.changes.nodes[node]

    def _latest(self, node: Node | None) -> Node | None:
        """Return *node* as it is now; None when it is gone."""
        if node is None or node.id in self.changes.removed:
            return None
        return self.changes.nodes.get(node.id, node)

    def require_database(self) -> None:
        """Go on only where the database may be read; ``Turns`` then begins anew in a transaction."""
        if not self.reads_database:
            raise NotOnShelfError

    @property
    def _shelf_is_true(self) -> bool:
        # A transaction reads one moment: meanwhile the shelf may have gone on.
        return not self.reads_database or self.shelf.rev == self.base_rev

    @property
    def base_rev(self) -> int:
        """The revision that is stored."""
        return self.space.rev - self.steps

    # ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def next_rev(self) -> int:
        """Begin a change and return its revision."""
        self.steps += 1
        self.space = replace(self.space, rev=self.space.rev + 1)
        return self.space.rev

    def add(self, node: Node) -> None:
        """Put a new node at its place."""
        self.changes.nodes[node.id] = node
        self.changes.places[place_of(node)] = node.id

    def put(self, old: Node, new: Node) -> None:
        """Put *new* in place of *old*, which is the same node as it was, perhaps elsewhere."""
        if old.id not in self.changes.nodes:
            self.changes.known.add(old.id)
        self.changes.nodes[new.id] = new
        if place_of(old) != place_of(new):
            self._leave(old)
        if new.parent != DETACHED:
            self.changes.places[place_of(new)] = new.id

    def remove(self, node: Node) -> None:
        """Take *node* away for good; it has no members."""
        if node.id not in self.changes.nodes or node.id in self.changes.known:
            self.changes.removed.add(node.id)
        self.changes.nodes.pop(node.id, None)
        self.changes.known.discard(node.id)
        self._leave(node)

    def forget(self, node: str) -> None:
        """Take a node away that is out of the tree already."""
        self.changes.removed.add(node)

    def _leave(self, node: Node) -> None:
        place = place_of(node)
        if self.changes.places.get(place, node.id) == node.id:
            self.changes.places[place] = None

    def bury(self, node: Node) -> None:
        """Note that *node* leaves its place with this revision, if a client may have seen it there."""
        followed_from, rev = self.space.followed_from, self.space.rev
        if followed_from is None or (node.id in self.changes.nodes and node.id not in self.changes.known):
            return
        tombstone = Tombstone(
            node=node.id,
            parent=node.parent,
            name=node.name,
            name_key=self.seal.name_key(node.parent, node.name),
            is_folder=node.is_folder,
            rev=rev,
        )
        self.changes.tombstones[tombstone.id] = tombstone
        if rev - followed_from > MOST_KEPT + FORGET_EVERY:
            self.forget_departures(rev - MOST_KEPT)

    def follow(self) -> None:
        """From now on, note what leaves its place."""
        rev = self.next_rev()
        self.space = replace(self.space, followed_from=rev)

    def forget_departures(self, upto: int) -> None:
        """Forget what left its place up to the revision *upto*: who has seen no more begins anew."""
        self.space = replace(self.space, followed_from=max(upto, self.space.followed_from or 0))
        self.changes.forgotten = self.space.followed_from

    def touch(self, folder: Node, rev: int) -> None:
        """Note that the members of *folder* have changed."""
        now = self.changes.nodes.get(folder.id, folder)
        self.put(now, replace(now, rev=rev, tag=rev, modified_at=max(self.at, now.modified_at)))

    def grow(self, *, used: int = 0, files: int = 0, reserved: int = 0) -> None:
        """Change the counters."""
        space = self.space
        self.space = replace(
            space,
            used_bytes=space.used_bytes + used,
            files=space.files + files,
            reserved_bytes=max(0, space.reserved_bytes + reserved),
        )

    def store(self, content: Content) -> None:
        """Keep a new content."""
        self.changes.contents[content.id] = content

    def settle(self, content: Content) -> None:
        """Keep a content whose upload is over, as it is now."""
        self.changes.settled[content.id] = content

    def use(self, content: str, size: int, *, more: int) -> None:
        """Change how many nodes use *content*."""
        if not content:
            return
        for fresh in (self.changes.contents, self.changes.settled):
            if content in fresh:
                fresh[content] = replace(fresh[content], refs=fresh[content].refs + more)
                self._drop_unused(content, fresh)
                return
        self.changes.uses[content] += more
        self.changes.sizes[content] = size

    def _drop_unused(self, content: str, fresh: dict[str, Content]) -> None:
        if fresh[content].refs > 0:
            return
        if fresh is self.changes.contents:
            del fresh[content]  # made and thrown away within one batch: it is never stored
        else:
            fresh[content] = replace(fresh[content], doomed_at=self.at)

    def lock(self, lock: Lock) -> None:
        """Add or refresh *lock*."""
        self._set_locks([*(one for one in self._known_locks() if one.token != lock.token), lock])
        self.changes.locks[lock.token] = lock
        self.changes.unlocked.discard(lock.token)

    def unlock(self, locks: Iterable[Lock]) -> None:
        """Take *locks* away."""
        tokens = {lock.token for lock in locks}
        if not tokens:
            return
        self._set_locks([lock for lock in self._known_locks() if lock.token not in tokens])
        self.changes.unlocked |= tokens
        for token in tokens:
            self.changes.locks.pop(token, None)

    def _known_locks(self) -> list[Lock]:
        assert self._locks is not None, "read the locks before changing them"
        return self._locks

    def _set_locks(self, locks: list[Lock]) -> None:
        self._locks = locks
        self.space = replace(self.space, locks=len(locks))

    def recount_locks(self) -> None:
        """Correct the counter once locks have ended by themselves."""
        if self._locks is not None and len(self._locks) != self.space.locks:
            self.space = replace(self.space, locks=len(self._locks))

    # ── One of several changes that are written together ──────────────────────────────────────────────────────────

    def fork(self) -> "Draft":
        """Return a draft that goes on from here and can be thrown away."""
        return replace(self, changes=self.changes.copy(), _locks=None if self._locks is None else list(self._locks))

"""The tree of each account as it is stored: what a change reads, and how all that it makes is written at once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.sync.domain.following import Tombstone
from services.sync.domain.locks import Lock
from services.sync.domain.space import Space
from services.sync.domain.tree import Kind, Node, root_of
from services.sync.errors import AccountClosedError
from services.sync.store.contents import Content, Contents
from services.sync.store.erasures import Erasures
from services.sync.store.keys import Keys
from services.sync.store.locks import LockRows
from services.sync.store.nodes import Nodes
from services.sync.store.seal import Seal
from services.sync.store.shelf import Place, Shelf, Shelves
from services.sync.store.spaces import Spaces
from services.sync.store.tombstones import Tombstones


@dataclass(slots=True, kw_only=True)
class Changes:
    """What is to be written, all at once."""

    nodes: dict[str, Node] = field(default_factory=dict)
    """New and changed nodes by id."""
    known: set[str] = field(default_factory=set)
    """Those of *nodes* that are stored already."""
    removed: set[str] = field(default_factory=set)
    places: dict[Place, str | None] = field(default_factory=dict)
    """Which node is now at each place that has changed."""
    contents: dict[str, Content] = field(default_factory=dict)
    """New contents."""
    settled: dict[str, Content] = field(default_factory=dict)
    """Contents whose upload is over."""
    uses: Counter[str] = field(default_factory=Counter)
    """By how much the number of users of each stored content changes."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The sizes of those contents."""
    locks: dict[str, Lock] = field(default_factory=dict)
    """New and refreshed locks by token."""
    unlocked: set[str] = field(default_factory=set)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    """What left its place, where a client follows the tree."""
    forgotten: int | None = None
    """Up to which revision that is forgotten."""

    def copy(self) -> "Changes":
        """Return a copy that can go another way."""
        return Changes(
            nodes=dict(self.nodes),
            known=set(self.known),
            removed=set(self.removed),
            places=dict(self.places),
            contents=dict(self.contents),
            settled=dict(self.settled),
            uses=self.uses.copy(),
            sizes=dict(self.sizes),
            locks=dict(self.locks),
            unlocked=set(self.unlocked),
            tombstones=dict(self.tombstones),
            forgotten=self.forgotten,
        )

    @property
    def new_folders(self) -> list[str]:
        """The folders that are new: all that they hold is new, too."""
        return [node.id for node in self.nodes.values() if node.is_folder and node.id not in self.known]

    def of_shelf(self) -> Mapping[Place, Node | None]:
        """Return what they change for who knows the tree as it was before."""
        return {place: self.nodes[node] if node is not None else None for place, node in self.places.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """The collections that together are the trees."""

    spaces: Spaces
    keys: Keys
    nodes: Nodes
    tombstones: Tombstones
    contents: Contents
    locks: LockRows
    erasures: Erasures
    shelves: Shelves

    async def seal_of(self, account: str) -> Seal:
        """Return the seal of an account that has a space; AccountClosedError when its key is gone."""
        seal = await self.keys.of(account)
        if seal is None:
            raise AccountClosedError
        return seal

    async def open(self, account: str, *, at: datetime) -> Space:
        """Make the space of *account* in the ambient transaction; DuplicateError when another was first.

        AccountClosedError for one that was erased: it never comes back.
        """
        if await self.erasures.has(account):
            raise AccountClosedError
        space = self.spaces.new(account)
        seal = await self.keys.make(account)
        await self.spaces.add(space, at=at)
        root = Node(
            id=root_of(account), parent="", name="", kind=Kind.FOLDER, rev=0, tag=0, created_at=at, modified_at=at
        )
        await self.nodes.insert(seal, [root])
        return space

    async def write(self, seal: Seal, space: Space, changes: Changes, *, at: datetime, doomed_at: datetime) -> None:
        """Write *changes* and the counters in the ambient transaction."""
        if not await self.spaces.write(space):
            raise AccountClosedError
        await self.nodes.remove(changes.removed)
        changed = [node for node in changes.nodes.values() if node.id in changes.known]
        await self.nodes.replace(seal, changed)
        await self.nodes.insert(seal, [node for node in changes.nodes.values() if node.id not in changes.known])
        await self.contents.insert(changes.contents.values())
        await self.contents.replace(changes.settled.values())
        await self.contents.use(changes.uses, changes.sizes, doomed_at=doomed_at)
        if changes.unlocked:
            await self.locks.remove(changes.unlocked)
        if changes.locks:
            await self.locks.add(seal, changes.locks.values())
        if changes.tombstones:
            await self.tombstones.add(seal, changes.tombstones.values(), at=at)
        if changes.forgotten is not None:
            await self.tombstones.forget(space.account, upto=changes.forgotten)

    def shelf(self, space: Space) -> Shelf:
        """Return what is known of the tree, as it is now or was a moment ago."""
        return self.shelves.of(space.account, space.rev)

"""The tree of each account as it is stored: what a change reads, and how all that it makes is written at once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.locks import Lock
from services.sync.domain.sync_tokens import Tombstone
from services.sync.domain.tree import Node, NodeKind, root_id
from services.sync.errors import AccountClosedError
from services.sync.store.account_keys import AccountKeys
from services.sync.store.account_usage import AccountUsages
from services.sync.store.ciphers import AccountCipher
from services.sync.store.contents import Content, Contents
from services.sync.store.erased_accounts import ErasedAccounts
from services.sync.store.locks import Locks
from services.sync.store.nodes import Nodes
from services.sync.store.tombstones import Tombstones
from services.sync.store.tree_cache import NodeLocation, TreeCache, TreeCaches


@dataclass(slots=True, kw_only=True)
class ChangeSet:
    """What is to be written, all at once."""

    nodes: dict[str, Node] = field(default_factory=dict)
    """New and changed nodes by id."""
    stored_ids: set[str] = field(default_factory=set)
    """Those of *nodes* that are stored already."""
    removed_ids: set[str] = field(default_factory=set)
    locations: dict[NodeLocation, str | None] = field(default_factory=dict)
    """Which node is now at each place that has changed."""
    contents: dict[str, Content] = field(default_factory=dict)
    """New contents."""
    completed_uploads: dict[str, Content] = field(default_factory=dict)
    """Contents whose upload is over."""
    ref_deltas: Counter[str] = field(default_factory=Counter)
    """By how much the number of users of each stored content changes."""
    content_sizes: dict[str, int] = field(default_factory=dict)
    """The sizes of those contents."""
    locks: dict[str, Lock] = field(default_factory=dict)
    """New and refreshed locks by token."""
    released_locks: set[str] = field(default_factory=set)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    """What left its place, where a client follows the tree."""
    pruned_revision: int | None = None
    """Up to which revision that is forgotten."""

    def copy(self) -> "ChangeSet":
        """Return a copy that can go another way."""
        return ChangeSet(
            nodes=dict(self.nodes),
            stored_ids=set(self.stored_ids),
            removed_ids=set(self.removed_ids),
            locations=dict(self.locations),
            contents=dict(self.contents),
            completed_uploads=dict(self.completed_uploads),
            ref_deltas=self.ref_deltas.copy(),
            content_sizes=dict(self.content_sizes),
            locks=dict(self.locks),
            released_locks=set(self.released_locks),
            tombstones=dict(self.tombstones),
            pruned_revision=self.pruned_revision,
        )

    @property
    def new_folders(self) -> list[str]:
        """The folders that are new: all that they hold is new, too."""
        return [node.id for node in self.nodes.values() if node.is_folder and node.id not in self.stored_ids]

    def cache_changes(self) -> Mapping[NodeLocation, Node | None]:
        """Return what they change for who knows the tree as it was before."""
        return {place: self.nodes[node] if node is not None else None for place, node in self.locations.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeStore:
    """The collections that together are the trees."""

    usages: AccountUsages
    keys: AccountKeys
    nodes: Nodes
    tombstones: Tombstones
    contents: Contents
    locks: Locks
    erased_accounts: ErasedAccounts
    caches: TreeCaches

    async def get_cipher(self, account: str) -> AccountCipher:
        """Return the seal of an account that has a space; AccountClosedError when its key is gone."""
        seal = await self.keys.get_cipher(account)
        if seal is None:
            raise AccountClosedError
        return seal

    async def create(self, account: str, *, at: datetime) -> AccountUsage:
        """Make the space of *account* in the ambient transaction; DuplicateError when another was first.

        AccountClosedError for one that was erased: it never comes back.
        """
        if await self.erased_accounts.has(account):
            raise AccountClosedError
        space = self.usages.build_empty(account)
        seal = await self.keys.create(account)
        await self.usages.add(space, at=at)
        root = Node(
            id=root_id(account), parent="", name="", kind=NodeKind.FOLDER, rev=0, tag=0, created_at=at, modified_at=at
        )
        await self.nodes.add_many(seal, [root])
        return space

    async def write_changes(
        self, cipher: AccountCipher, usage: AccountUsage, changes: ChangeSet, *, at: datetime, delete_after: datetime
    ) -> None:
        """Write *changes* and the counters in the ambient transaction."""
        if not await self.usages.update(usage):
            raise AccountClosedError
        await self.nodes.delete_many(changes.removed_ids)
        changed = [node for node in changes.nodes.values() if node.id in changes.stored_ids]
        await self.nodes.replace_many(cipher, changed)
        await self.nodes.add_many(
            cipher, [node for node in changes.nodes.values() if node.id not in changes.stored_ids]
        )
        await self.contents.add_many(changes.contents.values())
        await self.contents.replace_many(changes.completed_uploads.values())
        await self.contents.adjust_refs(changes.ref_deltas, changes.content_sizes, delete_after=delete_after)
        if changes.released_locks:
            await self.locks.delete_many(changes.released_locks)
        if changes.locks:
            await self.locks.save_many(cipher, changes.locks.values())
        if changes.tombstones:
            await self.tombstones.add_many(cipher, changes.tombstones.values(), at=at)
        if changes.pruned_revision is not None:
            await self.tombstones.delete_up_to_revision(usage.account, revision=changes.pruned_revision)

    def get_cache(self, usage: AccountUsage) -> TreeCache:
        """Return what is known of the tree, as it is now or was a moment ago."""
        return self.caches.get_at_revision(usage.account, usage.rev)

"""The stored tree of each account: the collections, and the change set that is written to them at once."""

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
    """The changes of one transaction."""

    nodes: dict[str, Node] = field(default_factory=dict)
    """New and changed nodes by id."""
    stored_ids: set[str] = field(default_factory=set)
    """The ids of *nodes* that exist in the database."""
    removed_ids: set[str] = field(default_factory=set)
    locations: dict[NodeLocation, str | None] = field(default_factory=dict)
    """The node that is now at each changed location."""
    contents: dict[str, Content] = field(default_factory=dict)
    """New contents."""
    completed_uploads: dict[str, Content] = field(default_factory=dict)
    """Contents whose upload has ended."""
    ref_deltas: Counter[str] = field(default_factory=Counter)
    """The change of the reference count of each stored content."""
    content_sizes: dict[str, int] = field(default_factory=dict)
    """The sizes of those contents."""
    locks: dict[str, Lock] = field(default_factory=dict)
    """New and refreshed locks by token."""
    released_locks: set[str] = field(default_factory=set)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    """New tombstones, where tombstones are written."""
    pruned_revision: int | None = None
    """Up to which revision tombstones are pruned."""

    def copy(self) -> "ChangeSet":
        """Return an independent copy."""
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
        """The folders that are new, whose members are all new as well."""
        return [node.id for node in self.nodes.values() if node.is_folder and node.id not in self.stored_ids]

    def cache_changes(self) -> Mapping[NodeLocation, Node | None]:
        """Return the changed locations for the cache."""
        return {location: self.nodes[node] if node is not None else None for location, node in self.locations.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeStore:
    """The collections that make up the trees."""

    usages: AccountUsages
    keys: AccountKeys
    nodes: Nodes
    tombstones: Tombstones
    contents: Contents
    locks: Locks
    erased_accounts: ErasedAccounts
    caches: TreeCaches

    async def get_cipher(self, account: str) -> AccountCipher:
        """Return the cipher of an account that has a tree; AccountClosedError when its key is gone."""
        cipher = await self.keys.get_cipher(account)
        if cipher is None:
            raise AccountClosedError
        return cipher

    async def create(self, account: str, *, at: datetime) -> AccountUsage:
        """Create the tree of *account* in the ambient transaction; DuplicateError when it exists.

        AccountClosedError for an erased account, which is never created again.
        """
        if await self.erased_accounts.has(account):
            raise AccountClosedError
        usage = self.usages.build_empty(account)
        cipher = await self.keys.create(account)
        await self.usages.add(usage, at=at)
        root = Node(
            id=root_id(account), parent="", name="", kind=NodeKind.FOLDER, rev=0, tag=0, created_at=at, modified_at=at
        )
        await self.nodes.add_many(cipher, [root])
        return usage

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
        """Return the cache of the tree, at the revision of *usage* or later."""
        return self.caches.get_at_revision(usage.account, usage.rev)

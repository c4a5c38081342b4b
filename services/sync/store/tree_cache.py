"""An in-memory cache of trees. Every change increments the account's revision, so equal revisions mean equal trees."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.sync.domain.tree import Node, normalize_name

NodeLocation = tuple[str, str]
"""A folder's id and the NFC form of a name in it."""

MAX_CACHED_NODES = 100_000
"""Nodes in memory, of all accounts together."""
LOAD_ALL_AFTER_MISSES = 3
"""After so many single lookups in a folder all its members are loaded, if there are at most..."""
LOAD_ALL_MAX_MEMBERS = 2_000
"""...so many."""
_EVICTION_INTERVAL = 256
MAX_CACHED_MEMBERS = 20_000
"""Larger folders are never cached whole."""


def node_location(node: Node) -> NodeLocation:
    """Return the location of *node*."""
    return node.parent, normalize_name(node.name)


@dataclass(slots=True)
class TreeCache:
    """What is cached of one account's tree at the revision *rev*."""

    rev: int
    locations: dict[NodeLocation, Node | None] = field(default_factory=dict)
    folders: dict[str, dict[str, Node]] = field(default_factory=dict)
    """Folders whose members are all cached, by NFC name."""
    misses: Counter[str] = field(default_factory=Counter)
    """How often something was looked up in a folder that is not cached whole."""

    def has(self, location: NodeLocation) -> bool:
        """Tell whether the cache knows what is at *location*, if anything."""
        return location[0] in self.folders or location in self.locations

    def get(self, location: NodeLocation) -> Node | None:
        """Return the node at *location*; call ``has`` first."""
        folder = self.folders.get(location[0])
        return folder.get(location[1]) if folder is not None else self.locations.get(location)

    def put(self, location: NodeLocation, node: Node | None) -> None:
        """Cache the node at *location*."""
        self.locations[location] = node

    def should_load_all(self, folder: str) -> bool:
        """Tell whether to load all members of *folder* now; true once, since a large folder stays uncached."""
        self.misses[folder] += 1
        return self.misses[folder] == LOAD_ALL_AFTER_MISSES

    def put_folder(self, folder: str, members: Iterable[Node]) -> None:
        """Cache all members of *folder*."""
        self.folders[folder] = {normalize_name(node.name): node for node in members}

    def advance(self, rev: int, changed: Mapping[NodeLocation, Node | None], *, new_folders: Iterable[str]) -> None:
        """Advance to the revision *rev*, which differs by *changed*; *new_folders* have no other members."""
        self.rev = rev
        self.folders.update({folder: {} for folder in new_folders})
        for (parent, name), node in changed.items():
            folder = self.folders.get(parent)
            if folder is None:
                self.locations[parent, name] = node
            elif node is None:
                folder.pop(name, None)
            else:
                folder[name] = node

    def clear_all(self) -> None:
        """Drop everything."""
        self.locations.clear()
        self.misses.clear()
        self.folders.clear()

    @property
    def node_count(self) -> int:
        """How many nodes are cached."""
        return len(self.locations) + sum(map(len, self.folders.values()))


class TreeCaches:
    """The caches of the accounts that were used last."""

    def __init__(self, max_nodes: int = MAX_CACHED_NODES) -> None:
        self._max_nodes, self._uses = max_nodes, 0
        self._caches: OrderedDict[str, TreeCache] = OrderedDict()

    def get_at_revision(self, account: str, rev: int) -> TreeCache:
        """Return the cache of *account* at *rev* or later; an older one is dropped."""
        cache = self._caches.get(account)
        if cache is None or cache.rev < rev:
            cache = self._caches[account] = TreeCache(rev)
        self._caches.move_to_end(account)
        self._uses += 1
        if self._uses % _EVICTION_INTERVAL == 0:
            self._evict_oldest(except_account=account)
        return cache

    def is_stale(self, account: str, rev: int) -> bool:
        """Tell whether the cache of *account* is older than *rev*."""
        cache = self._caches.get(account)
        return cache is not None and cache.rev < rev

    def invalidate(self, account: str) -> None:
        """Drop the cache of *account*."""
        self._caches.pop(account, None)

    def _evict_oldest(self, except_account: str) -> None:
        """Drop the least recently used caches, except one account's, until the limit holds."""
        weights = {account: cache.node_count for account, cache in self._caches.items()}
        total = sum(weights.values())
        for account, weight in weights.items():
            if total <= self._max_nodes:
                return
            if account != except_account:
                del self._caches[account]
                total -= weight
        if total > self._max_nodes:
            self._caches[except_account].clear_all()

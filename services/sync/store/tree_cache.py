"""What was read of a tree and is still true: an account's revision grows with each change, so equal is unchanged."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.sync.domain.tree import Node, normalize_name

NodeLocation = tuple[str, str]
"""A folder's id and the canonical form of a name in it."""

MAX_CACHED_NODES = 100_000
"""Nodes kept in memory, of all accounts together."""
LOAD_ALL_AFTER_MISSES = 3
"""After so many names that were looked up one by one, a folder is read whole, if it has not more than..."""
LOAD_ALL_MAX_MEMBERS = 2_000
"""...members."""
_EVICTION_INTERVAL = 256
MAX_CACHED_MEMBERS = 20_000
"""A folder with more members is never kept whole."""


def node_location(node: Node) -> NodeLocation:
    """Return where *node* is."""
    return node.parent, normalize_name(node.name)


@dataclass(slots=True)
class TreeCache:
    """What is known of one account's tree as it is at *rev*."""

    rev: int
    locations: dict[NodeLocation, Node | None] = field(default_factory=dict)
    folders: dict[str, dict[str, Node]] = field(default_factory=dict)
    """Folders of which every member is known, by canonical name."""
    misses: Counter[str] = field(default_factory=Counter)
    """How often something was looked up in a folder that is not known whole."""

    def has(self, location: NodeLocation) -> bool:
        """Tell whether it is known what is at *place*, if anything."""
        return location[0] in self.folders or location in self.locations

    def get(self, location: NodeLocation) -> Node | None:
        """Return what is at *place*; ask ``knows`` first."""
        folder = self.folders.get(location[0])
        return folder.get(location[1]) if folder is not None else self.locations.get(location)

    def put(self, location: NodeLocation, node: Node | None) -> None:
        """Note what is at *place*."""
        self.locations[location] = node

    def should_load_all(self, folder: str) -> bool:
        """Tell whether it is time to read *folder* whole; once: for a large one names are looked up one by one."""
        self.misses[folder] += 1
        return self.misses[folder] == LOAD_ALL_AFTER_MISSES

    def put_folder(self, folder: str, members: Iterable[Node]) -> None:
        """Note all members of *folder*."""
        self.folders[folder] = {normalize_name(node.name): node for node in members}

    def advance(self, rev: int, changed: Mapping[NodeLocation, Node | None], *, new_folders: Iterable[str]) -> None:
        """Become the state at *rev*, which differs by what is *changed*; *new_folders* have no other members."""
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
        """Forget what is known."""
        self.locations.clear()
        self.misses.clear()
        self.folders.clear()

    @property
    def node_count(self) -> int:
        """How many nodes it holds."""
        return len(self.locations) + sum(map(len, self.folders.values()))


class TreeCaches:
    """The shelves of the accounts that were used last."""

    def __init__(self, max_nodes: int = MAX_CACHED_NODES) -> None:
        self._max_nodes, self._uses = max_nodes, 0
        self._caches: OrderedDict[str, TreeCache] = OrderedDict()

    def get_at_revision(self, account: str, rev: int) -> TreeCache:
        """Return the shelf of *account* at *rev* or later; an older one is thrown away."""
        shelf = self._caches.get(account)
        if shelf is None or shelf.rev < rev:
            shelf = self._caches[account] = TreeCache(rev)
        self._caches.move_to_end(account)
        self._uses += 1
        if self._uses % _EVICTION_INTERVAL == 0:
            self._evict_oldest(except_account=account)
        return shelf

    def is_stale(self, account: str, rev: int) -> bool:
        """Tell whether what is known of *account* is older than *rev*."""
        shelf = self._caches.get(account)
        return shelf is not None and shelf.rev < rev

    def invalidate(self, account: str) -> None:
        """Forget what is known of *account*."""
        self._caches.pop(account, None)

    def _evict_oldest(self, except_account: str) -> None:
        """Throw away the longest unused, but *keep*, until the bound holds."""
        weights = {account: shelf.node_count for account, shelf in self._caches.items()}
        total = sum(weights.values())
        for account, weight in weights.items():
            if total <= self._max_nodes:
                return
            if account != except_account:
                del self._caches[account]
                total -= weight
        if total > self._max_nodes:
            self._caches[except_account].clear_all()

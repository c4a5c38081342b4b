"""What was read of a tree and is still true: an account's revision grows with each change, so equal is unchanged."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.sync.domain.tree import Node, canonical

Place = tuple[str, str]
"""A folder's id and the canonical form of a name in it."""

MOST_NODES = 100_000
"""Nodes kept in memory, of all accounts together."""
READ_WHOLE_AFTER = 3
"""After so many names that were looked up one by one, a folder is read whole, if it has not more than..."""
READ_WHOLE = 2_000
"""...members."""
_TIDY_EVERY = 256
MOST_MEMBERS = 20_000
"""A folder with more members is never kept whole."""


def place_of(node: Node) -> Place:
    """Return where *node* is."""
    return node.parent, canonical(node.name)


@dataclass(slots=True)
class Shelf:
    """What is known of one account's tree as it is at *rev*."""

    rev: int
    places: dict[Place, Node | None] = field(default_factory=dict)
    folders: dict[str, dict[str, Node]] = field(default_factory=dict)
    """Folders of which every member is known, by canonical name."""
    misses: Counter[str] = field(default_factory=Counter)
    """How often something was looked up in a folder that is not known whole."""

    def knows(self, place: Place) -> bool:
        """Tell whether it is known what is at *place*, if anything."""
        return place[0] in self.folders or place in self.places

    def at(self, place: Place) -> Node | None:
        """Return what is at *place*; ask ``knows`` first."""
        folder = self.folders.get(place[0])
        return folder.get(place[1]) if folder is not None else self.places.get(place)

    def note(self, place: Place, node: Node | None) -> None:
        """Note what is at *place*."""
        self.places[place] = node

    def wants_whole(self, folder: str) -> bool:
        """Tell whether it is time to read *folder* whole; once: for a large one names are looked up one by one."""
        self.misses[folder] += 1
        return self.misses[folder] == READ_WHOLE_AFTER

    def note_folder(self, folder: str, members: Iterable[Node]) -> None:
        """Note all members of *folder*."""
        self.folders[folder] = {canonical(node.name): node for node in members}

    def follow(self, rev: int, changed: Mapping[Place, Node | None], *, new_folders: Iterable[str]) -> None:
        """Become the state at *rev*, which differs by what is *changed*; *new_folders* have no other members."""
        self.rev = rev
        self.folders.update({folder: {} for folder in new_folders})
        for (parent, name), node in changed.items():
            folder = self.folders.get(parent)
            if folder is None:
                self.places[parent, name] = node
            elif node is None:
                folder.pop(name, None)
            else:
                folder[name] = node

    def clear(self) -> None:
        """Forget what is known."""
        self.places.clear()
        self.misses.clear()
        self.folders.clear()

    @property
    def weight(self) -> int:
        """How many nodes it holds."""
        return len(self.places) + sum(map(len, self.folders.values()))


class Shelves:
    """The shelves of the accounts that were used last."""

    def __init__(self, most: int = MOST_NODES) -> None:
        self._most, self._uses = most, 0
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()

    def of(self, account: str, rev: int) -> Shelf:
        """Return the shelf of *account* at *rev* or later; an older one is thrown away."""
        shelf = self._shelves.get(account)
        if shelf is None or shelf.rev < rev:
            shelf = self._shelves[account] = Shelf(rev)
        self._shelves.move_to_end(account)
        self._uses += 1
        if self._uses % _TIDY_EVERY == 0:
            self._tidy(keep=account)
        return shelf

    def is_behind(self, account: str, rev: int) -> bool:
        """Tell whether what is known of *account* is older than *rev*."""
        shelf = self._shelves.get(account)
        return shelf is not None and shelf.rev < rev

    def drop(self, account: str) -> None:
        """Forget what is known of *account*."""
        self._shelves.pop(account, None)

    def _tidy(self, keep: str) -> None:
        """Throw away the longest unused, but *keep*, until the bound holds."""
        weights = {account: shelf.weight for account, shelf in self._shelves.items()}
        total = sum(weights.values())
        for account, weight in weights.items():
            if total <= self._most:
                return
            if account != keep:
                del self._shelves[account]
                total -= weight
        if total > self._most:
            self._shelves[keep].clear()

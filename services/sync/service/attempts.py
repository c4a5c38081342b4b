"""One attempt at a restore while it is under way."""

from dataclasses import dataclass, field
from datetime import datetime

from services.sync.domain.conditions import Conditions, Tags
from services.sync.domain.restores import Restore, Tally, node_of
from services.sync.domain.tree import Kind, Path, root_of
from services.sync.domain.visitors import Visitor
from services.sync.errors import ContentDamagedError, NotInBackupError
from services.sync.service.acts import Act
from services.sync.service.recovering import HeldNode, HeldTree
from services.sync.service.writing import Arrival
from services.sync.store import Seal

_NEW = Conditions(none_match=Tags(anything=True))


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An attempt under way: what is wanted, what is there, how far it has come."""

    restore: Restore
    seal: Seal
    visitor: Visitor
    top: HeldNode
    nodes: list[HeldNode]
    """All that is wanted, folders before their members."""
    told_at: datetime
    there: set[str] = field(default_factory=set)
    """The held nodes that have come back already."""
    folders: dict[str, Path] = field(default_factory=dict)
    """Where the folders of the backup are now."""
    tally: Tally = field(default_factory=Tally)
    before: Tally = field(default_factory=Tally)

    def id_of(self, node: HeldNode) -> str:
        """Return the id under which *node* comes back."""
        return node_of(self.restore.id, node.id)

    def arrival(self, node: HeldNode, content: str = "") -> Arrival:
        """Return how *node* comes back."""
        return Arrival(node=self.id_of(node), properties=node.properties, content=content)

    def act(self, path: Path) -> Act:
        """Return the act that makes something new at *path*."""
        return Act(visitor=self.visitor, path=path, conditions=_NEW)

    def count(self, node: HeldNode) -> None:
        """Count that *node* is back."""
        if node.kind is Kind.FOLDER:
            self.tally.folders += 1
        else:
            self.tally.files += 1


def found(tree: HeldTree, account: str, path: Path) -> HeldNode:
    """Return what was at *path*; NotInBackupError when nothing was."""
    node = next((one for one in tree.members[""] if one.id == root_of(account)), None)
    if node is None:
        raise ContentDamagedError
    for name in path:
        node = next((one for one in tree.members[node.id] if one.name == name), None)
        if node is None:
            raise NotInBackupError
    return node

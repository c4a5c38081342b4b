"""The state of one attempt at a restore."""

from dataclasses import dataclass, field
from datetime import datetime

from services.sync.domain.devices import Device
from services.sync.domain.operation import DavOperation, NewNode
from services.sync.domain.preconditions import EntityTags, Preconditions
from services.sync.domain.restores import Restore, RestoreProgress, node_id
from services.sync.domain.tree import NodeKind, TreePath, root_id
from services.sync.errors import BackupPathNotFoundError, CorruptContentError
from services.sync.service.backup.reader import BackupNode, BackupTree
from services.sync.store import AccountCipher

_MUST_NOT_EXIST = Preconditions(if_none_match=EntityTags(matches_any=True))


@dataclass(slots=True, kw_only=True)
class RestoreRun:
    """An attempt: what was requested, what exists, and the progress."""

    restore: Restore
    cipher: AccountCipher
    device: Device
    top: BackupNode
    nodes: list[BackupNode]
    """All requested nodes, folders before their members."""
    reported_at: datetime
    restored_ids: set[str] = field(default_factory=set)
    """The ids, in the backup, of nodes that were restored already."""
    folder_paths: dict[str, TreePath] = field(default_factory=dict)
    """The present paths of restored folders."""
    progress: RestoreProgress = field(default_factory=RestoreProgress)
    initial_progress: RestoreProgress = field(default_factory=RestoreProgress)

    def restored_id(self, node: BackupNode) -> str:
        """Return the id of the restored copy of *node*."""
        return node_id(self.restore.id, node.id)

    def build_new_node(self, node: BackupNode, content: str = "") -> NewNode:
        """Return the new node for *node*."""
        return NewNode(id=self.restored_id(node), properties=node.properties, content=content)

    def build_operation(self, path: TreePath) -> DavOperation:
        """Return the operation that creates something at *path*; an existing resource is never replaced."""
        return DavOperation(device=self.device, path=path, preconditions=_MUST_NOT_EXIST)

    def record_restored(self, node: BackupNode) -> None:
        """Count *node* as restored."""
        if node.kind is NodeKind.FOLDER:
            self.progress.folders += 1
        else:
            self.progress.files += 1


def find_in_backup(tree: BackupTree, account: str, path: TreePath) -> BackupNode:
    """Return the node at *path* in the backup; BackupPathNotFoundError when there is none."""
    node = next((one for one in tree.members[""] if one.id == root_id(account)), None)
    if node is None:
        raise CorruptContentError
    for name in path:
        node = next((one for one in tree.members[node.id] if one.name == name), None)
        if node is None:
            raise BackupPathNotFoundError
    return node

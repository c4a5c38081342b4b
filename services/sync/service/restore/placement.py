"""Chooses where restored nodes go: into their folder, wherever it is now, under the first free name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from services.sync.domain.restores import node_id
from services.sync.domain.tree import DETACHED, MAX_NAME_BYTES, NodeKind, TreePath, root_id
from services.sync.errors import (
    DavMethodNotAllowedError,
    LockedError,
    NormalizationConflictError,
    ParentNotFoundError,
    PreconditionFailedError,
    RestoreTargetDeletedError,
)
from services.sync.service.backup.reader import BackupNode
from services.sync.service.restore.run import RestoreRun
from services.sync.store import Nodes

CreateAt = Callable[[TreePath], Awaitable[object]]
"""Creates a node at a path."""

_MAX_NAME_ATTEMPTS: Final = 100
_NAME_TAKEN_ERRORS = (DavMethodNotAllowedError, PreconditionFailedError, NormalizationConflictError)


class TargetDeletedError(Exception):
    """The customer deleted the folder during the restore, so its members are not restored."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Finds folders and free names."""

    nodes: Nodes

    async def place_node(self, run: RestoreRun, node: BackupNode, create: CreateAt) -> TreePath:
        """Let *create* put *node* into its folder under the first free name; return the path."""
        folder, number = self._target_folder(run, node), 1 if node is run.top else 0
        while number < _MAX_NAME_ATTEMPTS:
            name = _restored_name(node.name, run.restore.requested_at, number, is_folder=node.kind is NodeKind.FOLDER)
            try:
                await create((*folder, name))
            except _NAME_TAKEN_ERRORS:
                number += 1
            except (ParentNotFoundError, LockedError):
                folder = await self._relocated_folder(run, node, folder)
            else:
                return (*folder, name)
        raise ParentNotFoundError

    def _target_folder(self, run: RestoreRun, node: BackupNode) -> TreePath:
        if node is run.top:
            return run.restore.path[:-1]
        if node.parent not in run.folder_paths:
            raise TargetDeletedError
        return run.folder_paths[node.parent]

    async def _relocated_folder(self, run: RestoreRun, node: BackupNode, folder: TreePath) -> TreePath:
        """Return the folder for *node* when *folder* is gone: the root, or where the customer has moved it."""
        if node is run.top:
            if not folder:
                raise LockedError(folder)
            return ()
        path = await self.find_path(run, node.parent)
        if path is None:
            run.folder_paths.pop(node.parent, None)
            if await self.find_path(run, run.top.id) is None:
                raise RestoreTargetDeletedError
            raise TargetDeletedError
        if path == folder:
            raise LockedError(folder)
        run.folder_paths[node.parent] = path
        return path

    async def find_path(self, run: RestoreRun, backup_node: str) -> TreePath | None:
        """Return the present path of a restored folder; None when it was deleted."""
        names: list[str] = []
        step = node_id(run.restore.id, backup_node)
        while step != root_id(run.restore.account):
            node = await self.nodes.get(run.cipher, step)
            if node is None or node.parent == DETACHED:
                return None
            names.append(node.name)
            step = node.parent
        return tuple(reversed(names))


def _restored_name(name: str, at: datetime, number: int, *, is_folder: bool) -> str:
    """Return the name of a restored node; a file keeps its extension."""
    if number == 0:
        return name
    full_name = PurePosixPath(name or "Everything")
    ending = "" if is_folder else full_name.suffix[:40]
    stem = full_name.name if is_folder else full_name.name.removesuffix(ending)
    suffix = f" (restored {at:%Y-%m-%d})" if number == 1 else f" (restored {at:%Y-%m-%d} {number})"
    max_bytes = MAX_NAME_BYTES - len((suffix + ending).encode())
    return stem.encode()[:max_bytes].decode(errors="ignore") + suffix + ending

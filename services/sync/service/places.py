"""Where what comes back goes: into its folder, wherever that is now, under the first name that is free."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from services.sync.domain.restores import node_of
from services.sync.domain.tree import DETACHED, NAME_BYTES, Kind, Path, root_of
from services.sync.errors import (
    LockedError,
    MethodRefusedError,
    NameTwinError,
    ParentMissingError,
    PreconditionFailedError,
    RestoreTargetGoneError,
)
from services.sync.service.attempts import Attempt
from services.sync.service.recovering import HeldNode
from services.sync.store import Nodes

Make = Callable[[Path], Awaitable[object]]
"""Makes something new at a path."""

_MOST_TRIED: Final = 100
_TAKEN = (MethodRefusedError, PreconditionFailedError, NameTwinError)


class DeletedError(Exception):
    """The folder into which something belongs was deleted by the customer: they do not want it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Finds places."""

    nodes: Nodes

    async def settled(self, run: Attempt, node: HeldNode, make: Make) -> Path:
        """Let *make* bring *node* back into its folder, under the first name that is free; return where."""
        folder, number = self._home(run, node), 1 if node is run.top else 0
        while number < _MOST_TRIED:
            name = _named(node.name, run.restore.asked_at, number, is_folder=node.kind is Kind.FOLDER)
            try:
                await make((*folder, name))
            except _TAKEN:
                number += 1
            except (ParentMissingError, LockedError):
                folder = await self._other_home(run, node, folder)
            else:
                return (*folder, name)
        raise ParentMissingError

    def _home(self, run: Attempt, node: HeldNode) -> Path:
        if node is run.top:
            return run.restore.path[:-1]
        if node.parent not in run.folders:
            raise DeletedError
        return run.folders[node.parent]

    async def _other_home(self, run: Attempt, node: HeldNode, folder: Path) -> Path:
        """Return where *node* goes when *folder* is not there: the top, or where the customer has moved the folder."""
        if node is run.top:
            if not folder:
                raise LockedError(folder)
            return ()
        path = await self.where(run, node.parent)
        if path is None:
            run.folders.pop(node.parent, None)
            if await self.where(run, run.top.id) is None:
                raise RestoreTargetGoneError
            raise DeletedError
        if path == folder:
            raise LockedError(folder)
        run.folders[node.parent] = path
        return path

    async def where(self, run: Attempt, held: str) -> Path | None:
        """Return where a folder that came back is now; None when it was deleted."""
        names: list[str] = []
        step = node_of(run.restore.id, held)
        while step != root_of(run.restore.account):
            node = await self.nodes.get(run.seal, step)
            if node is None or node.parent == DETACHED:
                return None
            names.append(node.name)
            step = node.parent
        return tuple(reversed(names))


def _named(name: str, at: datetime, number: int, *, is_folder: bool) -> str:
    """Return the name under which something comes back; the end of a file's name stays its end."""
    if number == 0:
        return name
    whole = PurePosixPath(name or "Everything")
    ending = "" if is_folder else whole.suffix[:40]
    stem = whole.name if is_folder else whole.name.removesuffix(ending)
    mark = f" (restored {at:%Y-%m-%d})" if number == 1 else f" (restored {at:%Y-%m-%d} {number})"
    room = NAME_BYTES - len((mark + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + mark + ending

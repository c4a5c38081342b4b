"""One request of a device to a tree, and what it wrote."""

from dataclasses import dataclass
from enum import Enum

from services.sync.domain.devices import Device
from services.sync.domain.preconditions import NO_PRECONDITIONS, Preconditions
from services.sync.domain.tree import Node, TreePath


@dataclass(frozen=True, slots=True, kw_only=True)
class DavOperation:
    """A request of *device* about the resource at *path*, valid only under its *preconditions*."""

    device: Device
    path: TreePath
    preconditions: Preconditions = NO_PRECONDITIONS

    @property
    def account(self) -> str:
        """The account whose tree it is."""
        return self.device.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The target of COPY or MOVE, and whether an existing resource there may be replaced (Overwrite)."""

    path: TreePath
    overwrite: bool
    deep: bool = True
    """Whether the members of a folder are included (Depth: infinity)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNode:
    """The id and the dead properties of a node that a write may create.

    A restore gives ids of its own, so that a second attempt creates nothing twice.
    """

    id: str
    properties: str = ""
    content: str = ""
    """The id of the content of a large file; empty: a new one is made."""


class WriteKind(Enum):
    """Whether a write created the resource or replaced one."""

    CREATED = "created"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The node that a write stored."""

    kind: WriteKind
    node: Node

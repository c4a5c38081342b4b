"""The tree of one account: nodes that point to their parent, so that moving a folder is one change."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.sync.errors import (
    InvalidPathError,
    NameTooLongError,
    NormalizationConflictError,
    ParentNotFoundError,
    ResourceNotFoundError,
)

TreePath = tuple[str, ...]
"""The names from the root down; the root itself is ``()``."""

DETACHED = "detached"
"""The parent of deleted folders until the garbage collector has removed their members."""


def root_id(account: str) -> str:
    """Return the id of the root folder of an account."""
    return f"root:{account}"


MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 4096
MAX_PATH_PARTS = 128


class NodeKind(StrEnum):
    """What a node is."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A file or a folder.

    *rev* is the account's revision at which it was last written, moved or described; sync tokens use it.
    *tag* is the revision at which its content (of a folder: its membership) was last written; the ETag uses it. A tag
    stands for one content within an account, so it goes along when the content is moved or copied.
    """

    id: str
    parent: str
    name: str
    kind: NodeKind
    rev: int
    tag: int
    created_at: datetime
    modified_at: datetime
    size: int = 0
    content: str = ""
    """The id of a file's content; several files may share one."""
    properties: str = ""
    """The dead properties as JSON: from the name in Clark notation to the XML of the element."""

    @property
    def is_folder(self) -> bool:
        """Tell whether it can have members."""
        return self.kind is NodeKind.FOLDER

    @property
    def etag(self) -> str:
        """The strong entity tag, quoted."""
        return f'"{self.tag:x}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPath:
    """A path and the nodes found along it.

    *ids* are the existing nodes from the root down. *node* is the node at the path, None when there is none. *parent*
    is the folder that holds or would hold it, None when that does not exist. *has_normalization_conflict*: the parent
    has a member of the same name in another Unicode normal form.
    """

    path: TreePath
    ids: TreePath
    node: Node | None
    parent: Node | None
    has_normalization_conflict: bool = False

    def require_node(self) -> Node:
        """Return the node at the path; ResourceNotFoundError when there is none."""
        if self.node is None:
            raise ResourceNotFoundError
        return self.node

    def require_parent(self) -> Node:
        """Return the folder of the path, whether the node exists or not.

        ParentNotFoundError without one; NormalizationConflictError when the name exists in another Unicode form.
        """
        if self.has_normalization_conflict:
            raise NormalizationConflictError
        if self.parent is None or not self.parent.is_folder:
            raise ParentNotFoundError
        return self.parent


def validate_path(names: TreePath) -> TreePath:
    """Return *names* unless one is no valid file name or the path is too long (InvalidPathError, NameTooLongError)."""
    for name in names:
        _check_name(name)
    if len(names) > MAX_PATH_PARTS or sum(len(name.encode()) + 1 for name in names) > MAX_PATH_BYTES:
        raise NameTooLongError
    return names


def _check_name(name: str) -> None:
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise InvalidPathError
    if len(name.encode()) > MAX_NAME_BYTES:
        raise NameTooLongError


def normalize_name(name: str) -> str:
    """Return the key by which *name* is found: names that look the same cannot coexist in a folder.

    macOS sends NFD and others NFC. Merging them silently has lost data elsewhere, so the stored name stays as it came.
    """
    return unicodedata.normalize("NFC", name)


def is_within(inner: TreePath, outer: TreePath) -> bool:
    """Tell whether *inner* is *outer* or inside it."""
    return inner[: len(outer)] == outer

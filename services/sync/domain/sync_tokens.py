"""Sync tokens (RFC 6578) and tombstones."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from services.sync.domain.tree import Node
from services.sync.errors import InvalidSyncTokenError

TOMBSTONE_TTL = timedelta(days=30)
"""How long tombstones are kept; an older sync token is invalid."""
MAX_TOMBSTONES = 50_000
"""Over how many revisions tombstones are kept at most."""
PRUNE_INTERVAL = 1_000
TOKEN_PREFIX = "urn:x-candor:sync:"  # noqa: S105 - a prefix of URIs, not a secret
ChangeKey = tuple[int, str]
"""The position of a change in the order of all: its revision, then the node's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Records that *node* left *name* in the folder *parent* at *rev*: it was deleted, moved or replaced."""

    node: str
    parent: str
    name: str
    name_key: str
    is_folder: bool
    rev: int

    @property
    def id(self) -> str:
        """A node leaves one location at each revision."""
        return f"{self.node}:{self.rev}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncToken:
    """The state of *folder* that a client has seen: changes up to *key*, tombstones up to *base_rev*."""

    folder: str
    rev: int
    base_rev: int
    after: str = ""

    @property
    def key(self) -> ChangeKey:
        """The last change that the client has seen."""
        return self.rev, self.after

    @property
    def uri(self) -> str:
        """The token as clients see it: an opaque URI."""
        return f"{TOKEN_PREFIX}{self.rev:x}:{self.base_rev:x}:{_hash_folder(self.folder)}:{self.after}"

    @classmethod
    def parse(cls, token: str, folder: Node) -> Self:
        """Return the token that was issued for *folder*; InvalidSyncTokenError for anything else.

        A token belongs to one folder id: of another folder that was at this path before, the members are unknown.
        """
        rev, base, digest, after = _split_token(token)
        if digest != _hash_folder(folder.id):
            raise InvalidSyncTokenError
        return cls(folder=folder.id, rev=rev, base_rev=base, after=after)


def _split_token(token: str) -> tuple[int, int, str, str]:
    parts = token.removeprefix(TOKEN_PREFIX).split(":")
    if not token.startswith(TOKEN_PREFIX) or not token.isascii() or len(token) > 200 or len(parts) != 4:
        raise InvalidSyncTokenError
    try:
        return int(parts[0], 16), int(parts[1], 16), parts[2], parts[3]
    except ValueError as fault:
        raise InvalidSyncTokenError from fault


def _hash_folder(folder: str) -> str:
    return hashlib.sha256(folder.encode()).hexdigest()[:16]


def moved_folders(tombstones: Iterable[Tombstone]) -> dict[str, int]:
    """Return the folders that moved, each with the revision of its last move: everything inside moved with them."""
    return {one.node: one.rev for one in sorted(tombstones, key=lambda one: one.rev) if one.is_folder}

"""How a client follows a tree (RFC 6578): marks of how far it has seen, and tombstones of what left its place."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from services.sync.domain.tree import Node
from services.sync.errors import InvalidSyncTokenError

TOMBSTONE_TTL = timedelta(days=30)
"""How long it is known what left its place; who comes later begins anew."""
MAX_TOMBSTONES = 50_000
"""Over how many revisions it is known, at most."""
PRUNE_INTERVAL = 1_000
TOKEN_PREFIX = "urn:x-candor:sync:"  # noqa: S105 - a prefix of URIs, not a secret
ChangeKey = tuple[int, str]
"""Where a change stands in the order of all: its revision, then the node's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A *node* left the place *name* in the folder *parent* at *rev*: it was deleted, moved or replaced."""

    node: str
    parent: str
    name: str
    name_key: str
    is_folder: bool
    rev: int

    @property
    def id(self) -> str:
        """A node leaves one place at each revision."""
        return f"{self.node}:{self.rev}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncToken:
    """How far a client has seen the folder *folder*: all changes up to *key*, and all that left up to *base*."""

    folder: str
    rev: int
    base_rev: int
    after: str = ""

    @property
    def key(self) -> ChangeKey:
        """The last change that was seen."""
        return self.rev, self.after

    @property
    def uri(self) -> str:
        """The mark as a client holds it: a URI that tells it nothing."""
        return f"{TOKEN_PREFIX}{self.rev:x}:{self.base_rev:x}:{_hash_folder(self.folder)}:{self.after}"

    @classmethod
    def parse(cls, token: str, folder: Node) -> Self:
        """Return the mark that was given for *folder*; SyncTokenRefusedError for anything else.

        A token is one folder's: what another folder held, which was at this address before, nobody knows any more.
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
    """Return the folders that left a place, and at which revision last: if they still are, all inside has moved."""
    return {one.node: one.rev for one in sorted(tombstones, key=lambda one: one.rev) if one.is_folder}

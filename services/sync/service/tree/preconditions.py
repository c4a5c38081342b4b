"""One request to a tree: who, where, on what conditions; and whether they are met."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from services.sync.domain.devices import Device
from services.sync.domain.locks import Lock, check_lock_tokens, find_beneath, find_covering
from services.sync.domain.preconditions import (
    NO_PRECONDITIONS,
    Preconditions,
    ResourceState,
    check_if_header,
    check_if_match,
)
from services.sync.domain.sync_tokens import TOKEN_PREFIX, SyncToken
from services.sync.domain.tree import Node, ResolvedPath, TreePath
from services.sync.errors import (
    InvalidSyncTokenError,
    NormalizationConflictError,
    ParentNotFoundError,
    ResourceNotFoundError,
)
from services.sync.service.tree.unit_of_work import TreeUnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class DavOperation:
    """What a device asks of the node at *path*."""

    device: Device
    path: TreePath
    preconditions: Preconditions = NO_PRECONDITIONS

    @property
    def account(self) -> str:
        """Whose tree it is."""
        return self.device.account


async def resolve_checked(uow: TreeUnitOfWork, operation: DavOperation) -> ResolvedPath:
    """Return the trail to what *act* is about, once its conditions hold."""
    resolved = await resolve(uow, operation)
    check_if_match(operation.preconditions, resolved.node)
    return resolved


async def resolve(uow: TreeUnitOfWork, operation: DavOperation) -> ResolvedPath:
    """Return the trail to what *act* is about, once its If header holds; what else it demands is still to be judged."""
    resolved, conditions = await uow.resolve_path(operation.path), operation.preconditions
    if conditions.condition_lists:
        states: dict[TreePath | None, ResourceState] = {None: await _resource_state(uow, operation, resolved)}
        for path in conditions.tagged_paths:
            states[path] = await _resource_state(uow, operation, await uow.resolve_path(path))
        check_if_header(conditions, states)
    return resolved


async def _resource_state(uow: TreeUnitOfWork, operation: DavOperation, resolved: ResolvedPath) -> ResourceState:
    own = (lock for lock in find_covering(await uow.list_locks(), resolved.ids) if lock.device == operation.device.id)
    return ResourceState(
        resolved.node,
        frozenset([*(lock.token for lock in own), *await _current_sync_tokens(uow, operation, resolved.node)]),
    )


async def _current_sync_tokens(uow: TreeUnitOfWork, operation: DavOperation, node: Node | None) -> list[str]:
    """Return those of the submitted sync tokens since which nothing has changed (RFC 6578 5)."""
    if node is None or not node.is_folder:
        return []
    found = []
    for token in operation.preconditions.submitted_tokens:
        if token.startswith(TOKEN_PREFIX):
            with suppress(InvalidSyncTokenError):
                if await uow.is_current(SyncToken.parse(token, node)):
                    found.append(token)
    return found


def require_node(resolved: ResolvedPath) -> Node:
    """Return the node at the end of *trail*; NothingHereError when there is none."""
    if resolved.node is None:
        raise ResourceNotFoundError
    return resolved.node


def require_parent(resolved: ResolvedPath) -> Node:
    """Return the folder that would hold a new node there; ParentMissingError when there is none."""
    if resolved.has_normalization_conflict:
        raise NormalizationConflictError
    if resolved.parent is None or not resolved.parent.is_folder:
        raise ParentNotFoundError
    return resolved.parent


async def require_unlocked(
    uow: TreeUnitOfWork, operation: DavOperation, resolved: ResolvedPath, *, members: bool, deep: bool
) -> None:
    """Refuse when a lock forbids to write what is at *trail*.

    *members*: the write also changes which members the folder has; *deep*: it also concerns all that is inside.
    """
    locks = await uow.list_locks()
    if not locks:
        return
    check_lock_tokens(
        _blocking_locks(locks, resolved, members=members, deep=deep),
        operation.preconditions.submitted_tokens,
        operation.device.id,
    )


def _blocking_locks(locks: list[Lock], resolved: ResolvedPath, *, members: bool, deep: bool) -> Iterable[Lock]:
    found: dict[str, Lock] = {}
    if resolved.node is not None:
        found |= {lock.token: lock for lock in find_covering(locks, resolved.ids)}
        if deep:
            found |= {lock.token: lock for lock in find_beneath(locks, resolved.node.id)}
    if members and resolved.parent is not None:
        folder_ids = resolved.ids[:-1] if resolved.node is not None else resolved.ids
        found |= {lock.token: lock for lock in find_covering(locks, folder_ids)}
    return found.values()

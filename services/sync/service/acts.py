"""One request to a tree: who, where, on what conditions; and whether they are met."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from services.sync.domain.conditions import NO_CONDITIONS, Conditions, State, require_match, require_state
from services.sync.domain.following import PREFIX, Mark
from services.sync.domain.locks import Lock, beneath, covering, require_tokens
from services.sync.domain.tree import Node, Path, Trail
from services.sync.domain.visitors import Visitor
from services.sync.errors import NameTwinError, NothingHereError, ParentMissingError, SyncTokenRefusedError
from services.sync.service.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a device asks of the node at *path*."""

    visitor: Visitor
    path: Path
    conditions: Conditions = NO_CONDITIONS

    @property
    def account(self) -> str:
        """Whose tree it is."""
        return self.visitor.account


async def admitted(draft: Draft, act: Act) -> Trail:
    """Return the trail to what *act* is about, once its conditions hold."""
    trail = await reached(draft, act)
    require_match(act.conditions, trail.node)
    return trail


async def reached(draft: Draft, act: Act) -> Trail:
    """Return the trail to what *act* is about, once its If header holds; what else it demands is still to be judged."""
    trail, conditions = await draft.trail(act.path), act.conditions
    if conditions.clauses:
        states: dict[Path | None, State] = {None: await _state(draft, act, trail)}
        for path in conditions.paths:
            states[path] = await _state(draft, act, await draft.trail(path))
        require_state(conditions, states)
    return trail


async def _state(draft: Draft, act: Act, trail: Trail) -> State:
    own = (lock for lock in covering(await draft.locks(), trail.ids) if lock.device == act.visitor.device)
    return State(trail.node, frozenset([*(lock.token for lock in own), *await _true_marks(draft, act, trail.node)]))


async def _true_marks(draft: Draft, act: Act, node: Node | None) -> list[str]:
    """Return those of the submitted sync tokens since which nothing has changed (RFC 6578 5)."""
    if node is None or not node.is_folder:
        return []
    found = []
    for token in act.conditions.tokens:
        if token.startswith(PREFIX):
            with suppress(SyncTokenRefusedError):
                if await draft.unchanged_since(Mark.read(token, node)):
                    found.append(token)
    return found


def present(trail: Trail) -> Node:
    """Return the node at the end of *trail*; NothingHereError when there is none."""
    if trail.node is None:
        raise NothingHereError
    return trail.node


def holder(trail: Trail) -> Node:
    """Return the folder that would hold a new node there; ParentMissingError when there is none."""
    if trail.twin:
        raise NameTwinError
    if trail.folder is None or not trail.folder.is_folder:
        raise ParentMissingError
    return trail.folder


async def require_unlocked(draft: Draft, act: Act, trail: Trail, *, members: bool, deep: bool) -> None:
    """Refuse when a lock forbids to write what is at *trail*.

    *members*: the write also changes which members the folder has; *deep*: it also concerns all that is inside.
    """
    locks = await draft.locks()
    if not locks:
        return
    require_tokens(_forbidding(locks, trail, members=members, deep=deep), act.conditions.tokens, act.visitor.device)


def _forbidding(locks: list[Lock], trail: Trail, *, members: bool, deep: bool) -> Iterable[Lock]:
    found: dict[str, Lock] = {}
    if trail.node is not None:
        found |= {lock.token: lock for lock in covering(locks, trail.ids)}
        if deep:
            found |= {lock.token: lock for lock in beneath(locks, trail.node.id)}
    if members and trail.folder is not None:
        folder_ids = trail.ids[:-1] if trail.node is not None else trail.ids
        found |= {lock.token: lock for lock in covering(locks, folder_ids)}
    return found.values()

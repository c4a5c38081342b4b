"""Preconditions of a request: RFC 9110 §13 and the If header of RFC 4918 §10.4."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.sync.domain.tree import Node, TreePath
from services.sync.errors import PreconditionFailedError


@dataclass(frozen=True, slots=True)
class EntityTags:
    """The entity tags of If-Match or If-None-Match; *matches_any* is ``*``."""

    values: frozenset[str] = frozenset()
    matches_any: bool = False

    def matches_node(self, node: Node | None) -> bool:
        """Compare strongly; all our tags are strong, so a weak one never matches."""
        return node is not None and (self.matches_any or node.etag in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of the If header: a state token or an entity tag (``*``: any resource), perhaps negated."""

    token: str = ""
    etag: str = ""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ConditionList:
    """A list of the If header: all its conditions must hold for *path*; None is the request's own path."""

    path: TreePath | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ResourceState:
    """What a condition is evaluated against: the node, if any, and the state tokens that are valid for it."""

    node: Node | None
    state_tokens: frozenset[str]

    def meets_condition(self, term: Condition) -> bool:
        """Tell whether *term* holds."""
        return self._evaluate(term) is not term.negated

    def _evaluate(self, term: Condition) -> bool:
        if term.token:
            return term.token in self.state_tokens
        return self.node is not None and term.etag in {"*", self.node.etag}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """All preconditions of a request."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None
    condition_lists: tuple[ConditionList, ...] = ()

    @property
    def submitted_tokens(self) -> frozenset[str]:
        """Every state token that the If header names."""
        return frozenset(term.token for clause in self.condition_lists for term in clause.conditions if term.token)

    @property
    def tagged_paths(self) -> frozenset[TreePath]:
        """The other paths that the If header names."""
        return frozenset(clause.path for clause in self.condition_lists if clause.path is not None)


NO_PRECONDITIONS = Preconditions()


class ReadDecision(Enum):
    """The result of a conditional read."""

    SEND = "send"
    NOT_MODIFIED = "not modified"


def check_if_header(preconditions: Preconditions, states: Mapping[TreePath | None, ResourceState]) -> None:
    """Raise PreconditionFailedError unless one list of the If header holds; *states* has each of its paths."""
    if not preconditions.condition_lists:
        return
    for clause in preconditions.condition_lists:
        if all(states[clause.path].meets_condition(term) for term in clause.conditions):
            return
    raise PreconditionFailedError


def check_if_match(preconditions: Preconditions, node: Node | None) -> None:
    """Raise PreconditionFailedError for a change of *node* that RFC 9110 §13.2.2 forbids."""
    if preconditions.if_match is not None:
        _require(preconditions.if_match.matches_node(node))
    elif preconditions.if_unmodified_since is not None:
        _require(node is not None and _truncate_to_second(node) <= preconditions.if_unmodified_since)
    if preconditions.if_none_match is not None:
        _require(not preconditions.if_none_match.matches_node(node))


def evaluate_read(preconditions: Preconditions, node: Node) -> ReadDecision:
    """Decide whether GET or HEAD of *node* sends it; raise PreconditionFailedError as ``check_if_match``."""
    check_if_match(
        Preconditions(if_match=preconditions.if_match, if_unmodified_since=preconditions.if_unmodified_since), node
    )
    if preconditions.if_none_match is not None:
        return ReadDecision.NOT_MODIFIED if preconditions.if_none_match.matches_node(node) else ReadDecision.SEND
    since = preconditions.if_modified_since
    return ReadDecision.NOT_MODIFIED if since is not None and _truncate_to_second(node) <= since else ReadDecision.SEND


def _require(condition: object) -> None:
    if not condition:
        raise PreconditionFailedError


def _truncate_to_second(node: Node) -> datetime:
    return node.modified_at.replace(microsecond=0)

"""What a request demands of the present state before it acts: RFC 9110 §13 and the If header of RFC 4918 §10.4."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.sync.domain.tree import Node, Path
from services.sync.errors import PreconditionFailedError


@dataclass(frozen=True, slots=True)
class Tags:
    """The entity tags of If-Match or If-None-Match; *anything* is ``*``."""

    values: frozenset[str] = frozenset()
    anything: bool = False

    def match(self, node: Node | None) -> bool:
        """Compare strongly: a weak tag never matches, for ours are all strong."""
        return node is not None and (self.anything or node.etag in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One condition of a list: a state token or an entity tag (``*`` stands for whatever exists), perhaps negated."""

    token: str = ""
    etag: str = ""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A list of the If header: all its terms must hold for *path*; None is the address of the request."""

    path: Path | None
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class State:
    """What a clause is held against: the node, if any, and the tokens of the device's own locks that cover it."""

    node: Node | None
    tokens: frozenset[str]

    def satisfies(self, term: Term) -> bool:
        """Tell whether *term* holds."""
        return self._holds(term) is not term.negated

    def _holds(self, term: Term) -> bool:
        if term.token:
            return term.token in self.tokens
        return self.node is not None and term.etag in {"*", self.node.etag}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """All that a request demands."""

    match: Tags | None = None
    none_match: Tags | None = None
    modified_since: datetime | None = None
    unmodified_since: datetime | None = None
    clauses: tuple[Clause, ...] = ()

    @property
    def tokens(self) -> frozenset[str]:
        """The lock tokens that are submitted: every one that the If header names."""
        return frozenset(term.token for clause in self.clauses for term in clause.terms if term.token)

    @property
    def paths(self) -> frozenset[Path]:
        """The other addresses of which the If header speaks."""
        return frozenset(clause.path for clause in self.clauses if clause.path is not None)


NO_CONDITIONS = Conditions()


class Verdict(Enum):
    """What a read comes to."""

    SEND = "send"
    NOT_MODIFIED = "not modified"


def require_state(conditions: Conditions, states: Mapping[Path | None, State]) -> None:
    """Refuse unless one clause of the If header holds (or there is none); *states* has each of its addresses."""
    if not conditions.clauses:
        return
    for clause in conditions.clauses:
        if all(states[clause.path].satisfies(term) for term in clause.terms):
            return
    raise PreconditionFailedError


def require_match(conditions: Conditions, node: Node | None) -> None:
    """Refuse a change of *node* that RFC 9110 §13.2.2 forbids."""
    if conditions.match is not None:
        _demand(conditions.match.match(node))
    elif conditions.unmodified_since is not None:
        _demand(node is not None and _whole_second(node) <= conditions.unmodified_since)
    if conditions.none_match is not None:
        _demand(not conditions.none_match.match(node))


def judge_read(conditions: Conditions, node: Node) -> Verdict:
    """Say whether a GET or HEAD of *node* sends it; a failed If-Match refuses."""
    require_match(Conditions(match=conditions.match, unmodified_since=conditions.unmodified_since), node)
    if conditions.none_match is not None:
        return Verdict.NOT_MODIFIED if conditions.none_match.match(node) else Verdict.SEND
    since = conditions.modified_since
    return Verdict.NOT_MODIFIED if since is not None and _whole_second(node) <= since else Verdict.SEND


def _demand(holds: object) -> None:
    if not holds:
        raise PreconditionFailedError


def _whole_second(node: Node) -> datetime:
    return node.modified_at.replace(microsecond=0)

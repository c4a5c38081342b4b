"""The board of promises and the policy over HTTP: public, machine-readable."""

from dataclasses import dataclass

from services.disclosure.domain import Result
from services.disclosure.errors import PromiseNotFoundError
from services.disclosure.service import Board, Standings, summary
from shared.clock import rfc3339
from shared.policy import EFFECTIVE, JURISDICTION, PROMISES, VERSION, Purpose
from shared.web import PUBLIC, Call, Route, View, get


class LookView(View):
    """What the probe of one service last saw."""

    service: str
    state: str
    looked_at: int
    evidence: str
    checked_at: str


class PromiseView(View):
    """A promise and where it stands: kept, broken, or unknown, which is also said of what nobody looks at yet."""

    id: str
    section: str
    clause: str
    owner: str
    state: str
    evidence: str
    looked_at: int
    checked_at: str | None
    not_yet: str | None
    services: list[LookView]


class SummaryView(View):
    """How many promises are in which state."""

    kept: int
    broken: int
    unknown: int


class BoardView(View):
    """All promises in the order of the policy."""

    items: list[PromiseView]
    summary: SummaryView


class ClauseView(View):
    """One clause of the policy in plain words; its id is that of its promise."""

    id: str
    section: str
    clause: str


class PolicyView(View):
    """The policy in force."""

    version: int
    effective_at: str
    jurisdiction: str
    purposes: list[str]
    clauses: list[ClauseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardApi:
    """The handlers."""

    board: Board

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of board and policy."""
        root = "/v1/disclosure"
        one = f"{root}/promises/{{promise_id}}"
        return (
            get(f"{root}/promises", self.list_promises, access=PUBLIC, summary="Read where all promises stand"),
            get(one, self.read_promise, access=PUBLIC, summary="Read a promise", errors=(PromiseNotFoundError,)),
            get(f"{root}/policy", self.read_policy, access=PUBLIC, summary="Read the policy in plain words"),
        )

    async def list_promises(self, call: Call) -> BoardView:
        """Return what was last seen of each promise in the running system."""
        found = await self.board.all(at=call.now)
        return BoardView(items=[_promise(each) for each in found], summary=SummaryView(**summary(found)))

    async def read_promise(self, call: Call) -> PromiseView:
        """Return one promise with its evidence."""
        return _promise(await self.board.one(call.path["promise_id"], at=call.now))

    async def read_policy(self, _call: Call) -> PolicyView:
        """Return the version in force, whose law governs, the closed list of purposes, and every clause."""
        return PolicyView(
            version=VERSION,
            effective_at=EFFECTIVE.isoformat(),
            jurisdiction=JURISDICTION,
            purposes=[purpose.value for purpose in Purpose],
            clauses=[ClauseView(id=each.id, section=each.section, clause=each.clause) for each in PROMISES],
        )


def _promise(found: Standings) -> PromiseView:
    return PromiseView(
        id=found.promise.id,
        section=found.promise.section,
        clause=found.promise.clause,
        owner=found.promise.owner,
        state=found.standing.state,
        evidence=found.evidence,
        looked_at=found.looked_at,
        checked_at=found.checked_at and rfc3339(found.checked_at),
        not_yet=found.promise.not_yet,
        services=[_look(result) for result in found.standing.results],
    )


def _look(result: Result) -> LookView:
    return LookView(
        service=result.service,
        state=result.state,
        looked_at=result.looked_at,
        evidence=result.evidence,
        checked_at=rfc3339(result.checked_at),
    )

"""HTTP API of the promises and the policy: public and machine-readable."""

from dataclasses import dataclass

from services.disclosure.domain import ProbeResult
from services.disclosure.errors import PromiseNotFoundError
from services.disclosure.service import PromiseBoard, PromiseStatusView, count_by_state
from shared.clock import rfc3339
from shared.policy import EFFECTIVE_DATE, JURISDICTION, PROMISES, VERSION, Purpose
from shared.web import PUBLIC, RequestContext, Route, Timestamp, View, get


class ProbeResultView(View):
    """The latest probe result of one service."""

    service: str
    state: str
    sample_size: int
    evidence: str
    checked_at: Timestamp


class PromiseView(View):
    """A promise and its state: kept, broken, or unknown, also when no probe covers it yet."""

    id: str
    section: str
    clause: str
    owner: str
    state: str
    evidence: str
    sample_size: int
    checked_at: Timestamp | None
    coverage_gap: str | None
    services: list[ProbeResultView]


class PromiseCountsView(View):
    """The number of promises by state."""

    kept: int
    broken: int
    unknown: int


class PromiseBoardView(View):
    """All promises in the order of the policy."""

    items: list[PromiseView]
    summary: PromiseCountsView


class ClauseView(View):
    """One clause of the policy; its id is that of its promise."""

    id: str
    section: str
    clause: str


class PolicyView(View):
    """The effective policy."""

    version: int
    effective_at: Timestamp
    jurisdiction: str
    purposes: list[str]
    clauses: list[ClauseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisesApi:
    """Handlers of promises and policy."""

    board: PromiseBoard

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of board and policy."""
        root = "/v1/disclosure"
        one = f"{root}/promises/{{promise_id}}"
        return (
            get(f"{root}/promises", self.list_promises, access=PUBLIC, summary="List all promises and their states"),
            get(one, self.get_promise, access=PUBLIC, summary="Read a promise", errors=(PromiseNotFoundError,)),
            get(f"{root}/policy", self.get_policy, access=PUBLIC, summary="Read the policy"),
        )

    async def list_promises(self, call: RequestContext) -> PromiseBoardView:
        """Return the state of each promise in the running system."""
        found = await self.board.list_statuses(at=call.now)
        return PromiseBoardView(
            items=[_render_promise(each) for each in found], summary=PromiseCountsView(**count_by_state(found))
        )

    async def get_promise(self, call: RequestContext) -> PromiseView:
        """Return one promise with its evidence."""
        return _render_promise(await self.board.get(call.path["promise_id"], at=call.now))

    async def get_policy(self, _call: RequestContext) -> PolicyView:
        """Return the effective version, the governing law, the closed list of purposes, and every clause."""
        return PolicyView(
            version=VERSION,
            effective_at=EFFECTIVE_DATE.isoformat(),
            jurisdiction=JURISDICTION,
            purposes=[purpose.value for purpose in Purpose],
            clauses=[ClauseView(id=each.id, section=each.section, clause=each.clause) for each in PROMISES],
        )


def _render_promise(found: PromiseStatusView) -> PromiseView:
    return PromiseView(
        id=found.promise.id,
        section=found.promise.section,
        clause=found.promise.clause,
        owner=found.promise.owners_text,
        state=found.status.state,
        evidence=found.evidence,
        sample_size=found.sample_size,
        checked_at=found.checked_at and rfc3339(found.checked_at),
        coverage_gap=found.promise.coverage_gap,
        services=[_render_result(result) for result in found.status.results],
    )


def _render_result(result: ProbeResult) -> ProbeResultView:
    return ProbeResultView(
        service=result.service,
        state=result.state,
        sample_size=result.sample_size,
        evidence=result.evidence,
        checked_at=rfc3339(result.checked_at),
    )

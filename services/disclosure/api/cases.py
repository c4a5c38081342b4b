"""HTTP API of disclosure cases, for staff: one person opens, another approves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.disclosure.api.fields import STAFF_ACCESS, AccountId, FieldName, SingleLine
from services.disclosure.domain import Case, CaseNotice, Ground, NoticeState
from services.disclosure.errors import CaseNotFoundError, CaseNotOpenError, NoAffectedAccountsError, PersonAffectedError
from services.disclosure.service import CaseService, NewCase
from shared.clock import rfc3339
from shared.errors import FourEyesError
from shared.mongo import encode_position
from shared.web import CursorPage, JsonBody, PageQuery, Paginator, RequestContext, Route, Timestamp, View, get, post

MAX_ACCOUNTS = 10_000


class OpenCaseBody(JsonBody):
    """A disclosure: ground, requesting authority, fields and accounts."""

    ground: Ground
    requester: Annotated[SingleLine, Field(examples=["Superior Court, King County"])]
    reference: Annotated[SingleLine, Field(examples=["26-2-01234-5"])]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=50)]
    account_ids: Annotated[list[AccountId], Field(max_length=MAX_ACCOUNTS)]


class EndCaseBody(JsonBody):
    """Why a case is refused or withdrawn. It is kept with the case."""

    reason: Annotated[SingleLine, Field(min_length=3, examples=["the order names another company"])]


class NoticeCountsView(View):
    """The number of notices by state."""

    pending: int
    sending: int
    relayed: int
    failed: int


class CaseView(View):
    """A case and its notices. It closes once every account is notified or proven unreachable."""

    case_id: str
    state: str
    ground: str
    requester: str
    reference: str
    fields: list[str]
    affected_count: int
    notices: NoticeCountsView
    opened_by: str
    opened_at: Timestamp
    approved_by: str | None
    approved_at: Timestamp | None
    closed_at: Timestamp | None
    ended_by: str | None
    end_reason: str


class NoticeView(View):
    """The notice to one account, and the evidence of its state."""

    account_id: str
    state: str
    proof: str | None
    completed_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesApi:
    """Handlers of cases."""

    cases: CaseService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of cases."""
        root = "/v1/disclosure/cases"
        one = f"{root}/{{case_id}}"
        decided = (CaseNotFoundError, FourEyesError, PersonAffectedError, CaseNotOpenError)
        return (
            post(
                root,
                self.open_case,
                access=STAFF_ACCESS,
                status=201,
                idempotent=True,
                summary="Open a case",
                errors=(NoAffectedAccountsError, PersonAffectedError),
            ),
            get(root, self.list_cases, access=STAFF_ACCESS, summary="List the cases, newest first"),
            get(one, self.get_case, access=STAFF_ACCESS, summary="Read a case", errors=(CaseNotFoundError,)),
            get(
                f"{one}/notices",
                self.list_case_notices,
                access=STAFF_ACCESS,
                summary="List the notices of a case",
                errors=(CaseNotFoundError,),
            ),
            post(
                f"{one}/approvals",
                self.approve_case,
                access=STAFF_ACCESS,
                status=200,
                idempotent=True,
                summary="Approve a case as the second person",
                errors=decided,
            ),
            post(
                f"{one}/refusals",
                self.refuse_case,
                access=STAFF_ACCESS,
                status=200,
                idempotent=True,
                summary="Refuse a case as the second person",
                errors=decided,
            ),
            post(
                f"{one}/withdrawals",
                self.withdraw_case,
                access=STAFF_ACCESS,
                status=200,
                idempotent=True,
                summary="Withdraw your case before it is approved",
                errors=decided,
            ),
        )

    async def open_case(self, call: RequestContext, body: OpenCaseBody) -> CaseView:
        """Open a case and fix its accounts. Nothing is disclosed before a second person approves."""
        new_case = NewCase(
            ground=body.ground,
            requester=body.requester,
            reference=body.reference,
            fields=tuple(body.fields),
            account_ids=tuple(body.account_ids),
        )
        return await self._render(
            await self.cases.open_case(
                new_case, by=call.principal.id, idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def list_cases(self, call: RequestContext, query: PageQuery) -> CursorPage[CaseView]:
        """Return cases, newest first."""
        found = await self.cases.list_newest(after=self.paginator.decode_cursor(call, query), limit=query.limit + 1)
        progress = await self.cases.count_notices_by_state(found)
        return self.paginator.render(
            call,
            query,
            found,
            view=lambda case: _render_case(case, _render_counts(progress[case.case_id])),
            position=lambda case: encode_position(case.opened_at, case.case_id),
        )

    async def get_case(self, call: RequestContext) -> CaseView:
        """Return a case and its notices by state."""
        return await self._render(await self.cases.get(call.path["case_id"]))

    async def list_case_notices(self, call: RequestContext, query: PageQuery) -> CursorPage[NoticeView]:
        """Return the notices of a case with their evidence."""
        after = self.paginator.decode_cursor(call, query)
        found = await self.cases.list_notices(call.path["case_id"], after=after, limit=query.limit + 1)
        return self.paginator.render(call, query, found, view=_render_notice, position=lambda notice: notice.account_id)

    async def approve_case(self, call: RequestContext) -> CaseView:
        """Approve the disclosure, which notifies every affected account."""
        return await self._render(await self.cases.approve(call.path["case_id"], by=call.principal.id, at=call.now))

    async def refuse_case(self, call: RequestContext, body: EndCaseBody) -> CaseView:
        """Refuse the disclosure, with a reason: nothing is handed over. The transparency report counts it."""
        ended = await self.cases.refuse_case(
            call.path["case_id"], by=call.principal.id, reason=body.reason, at=call.now
        )
        return await self._render(ended)

    async def withdraw_case(self, call: RequestContext, body: EndCaseBody) -> CaseView:
        """Withdraw a case that you opened in error, with a reason."""
        ended = await self.cases.withdraw_case(
            call.path["case_id"], by=call.principal.id, reason=body.reason, at=call.now
        )
        return await self._render(ended)

    async def _render(self, case: Case) -> CaseView:
        progress = await self.cases.count_notices_by_state([case])
        return _render_case(case, _render_counts(progress[case.case_id]))


def _render_counts(states: Mapping[NoticeState, int]) -> NoticeCountsView:
    return NoticeCountsView(**{state.value: states.get(state, 0) for state in NoticeState})


def _render_case(case: Case, notices: NoticeCountsView) -> CaseView:
    return CaseView(
        case_id=case.case_id,
        state=case.state.value,
        ground=case.ground.value,
        requester=case.requester,
        reference=case.reference,
        fields=list(case.fields),
        affected_count=case.affected_count,
        notices=notices,
        opened_by=case.opened_by,
        opened_at=rfc3339(case.opened_at),
        approved_by=case.approved_by,
        approved_at=case.approved_at and rfc3339(case.approved_at),
        closed_at=case.closed_at and rfc3339(case.closed_at),
        ended_by=case.ended_by,
        end_reason=case.end_reason,
    )


def _render_notice(notice: CaseNotice) -> NoticeView:
    return NoticeView(
        account_id=notice.account_id,
        state=notice.state.value,
        proof=notice.proof and notice.proof.value,
        completed_at=notice.completed_at and rfc3339(notice.completed_at),
    )

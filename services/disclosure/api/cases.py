"""Cases over HTTP: staff open, a second person approves, both read where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.disclosure.api.words import STAFF, AccountId, FieldName, Line
from services.disclosure.domain import Case, Ground, Notice, NoticeState, position
from services.disclosure.errors import CaseNotFoundError, NobodyAffectedError, NotOpenError, SamePersonError
from services.disclosure.service import CaseWish, Disclosure
from shared.clock import rfc3339
from shared.web import Body, Call, Page, PageQuery, Pages, Route, View, get, post

MOST_ACCOUNTS = 10_000


class OpenCaseBody(Body):
    """A disclosure: on what ground, to which authority, which fields, of which accounts."""

    ground: Ground
    requester: Annotated[Line, Field(examples=["Superior Court, King County"])]
    reference: Annotated[Line, Field(examples=["26-2-01234-5"])]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=50)]
    account_ids: Annotated[list[AccountId], Field(max_length=MOST_ACCOUNTS)]


class NoticeCounts(View):
    """How many notices are in which state."""

    pending: int
    sending: int
    delivered: int
    undeliverable: int


class CaseView(View):
    """A case and how far its notices are; it is closed only when everybody was told, or proven not to be reachable."""

    case_id: str
    state: str
    ground: str
    requester: str
    reference: str
    fields: list[str]
    affected: int
    notices: NoticeCounts
    opened_by: str
    opened_at: str
    approved_by: str | None
    approved_at: str | None
    closed_at: str | None


class NoticeView(View):
    """The notice to one account, and what proves its state."""

    account_id: str
    state: str
    proof: str | None
    settled_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesApi:
    """The handlers."""

    disclosure: Disclosure
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of cases."""
        root = "/v1/disclosure/cases"
        one = f"{root}/{{case_id}}"
        return (
            post(
                root,
                self.open_case,
                access=STAFF,
                status=201,
                idempotent=True,
                summary="Open a case",
                errors=(NobodyAffectedError,),
            ),
            get(root, self.list_cases, access=STAFF, summary="List the cases, newest first"),
            get(one, self.read_case, access=STAFF, summary="Read a case", errors=(CaseNotFoundError,)),
            get(
                f"{one}/notices",
                self.list_notices,
                access=STAFF,
                summary="List the notices of a case",
                errors=(CaseNotFoundError,),
            ),
            post(
                f"{one}/approvals",
                self.approve,
                access=STAFF,
                status=200,
                idempotent=True,
                summary="Approve a case as the second person",
                errors=(CaseNotFoundError, SamePersonError, NotOpenError),
            ),
        )

    async def open_case(self, call: Call, body: OpenCaseBody) -> CaseView:
        """Freeze the affected accounts; nothing leaves before a second person has approved."""
        wish = CaseWish(
            ground=body.ground,
            requester=body.requester,
            reference=body.reference,
            fields=tuple(body.fields),
            account_ids=tuple(body.account_ids),
        )
        return await self._view(
            await self.disclosure.open_case(wish, by=call.who.id, operation=call.operation, at=call.now)
        )

    async def list_cases(self, call: Call, query: PageQuery) -> Page[CaseView]:
        """Return cases, newest first."""
        found = await self.disclosure.newest(after=self.pages.after(call, query), most=query.limit + 1)
        progress = await self.disclosure.progress(found)
        return self.pages.page(
            call,
            query,
            found,
            view=lambda case: _case(case, _counts(progress[case.case_id])),
            position=lambda case: position(case.opened_at, case.case_id),
        )

    async def read_case(self, call: Call) -> CaseView:
        """Return a case and how far its notices are."""
        return await self._view(await self.disclosure.read(call.path["case_id"]))

    async def list_notices(self, call: Call, query: PageQuery) -> Page[NoticeView]:
        """Return the notices of a case with the proof of each."""
        after = self.pages.after(call, query)
        found = await self.disclosure.notices_of(call.path["case_id"], after=after, most=query.limit + 1)
        return self.pages.page(call, query, found, view=_notice, position=lambda notice: notice.account_id)

    async def approve(self, call: Call) -> CaseView:
        """Allow the disclosure; from now on every affected account is told."""
        return await self._view(await self.disclosure.approve(call.path["case_id"], by=call.who.id, at=call.now))

    async def _view(self, case: Case) -> CaseView:
        progress = await self.disclosure.progress([case])
        return _case(case, _counts(progress[case.case_id]))


def _counts(states: Mapping[NoticeState, int]) -> NoticeCounts:
    return NoticeCounts(**{state.value: states.get(state, 0) for state in NoticeState})


def _case(case: Case, notices: NoticeCounts) -> CaseView:
    return CaseView(
        case_id=case.case_id,
        state=case.state.value,
        ground=case.ground.value,
        requester=case.requester,
        reference=case.reference,
        fields=list(case.fields),
        affected=case.affected,
        notices=notices,
        opened_by=case.opened_by,
        opened_at=rfc3339(case.opened_at),
        approved_by=case.approved_by,
        approved_at=case.approved_at and rfc3339(case.approved_at),
        closed_at=case.closed_at and rfc3339(case.closed_at),
    )


def _notice(notice: Notice) -> NoticeView:
    return NoticeView(
        account_id=notice.account_id,
        state=notice.state.value,
        proof=notice.proof and notice.proof.value,
        settled_at=notice.settled_at and rfc3339(notice.settled_at),
    )

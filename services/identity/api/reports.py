"""Reports over HTTP: anybody makes one, whoever has its id reads where it stands, staff answers (C28, C24)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.api.fields import Email
from services.identity.domain.reports import ReportKind, ReportState
from services.identity.errors import AccountNotFoundError
from services.identity.errors.staff import (
    LockRefusedError,
    ReportNotFoundError,
    ReportNotOpenError,
    ReportTooLargeError,
)
from services.identity.service.acts import Colleague
from services.identity.service.reports import OpenedReport, ReportDesk, ReportRecord, ReportWish
from shared.clock import rfc3339
from shared.mail import InvalidAddressError
from shared.web import PUBLIC, Body, Call, Page, PageQuery, Pages, RateLimit, Route, View, get, post, staff

_Text = Annotated[str, Field(max_length=10 * 1024, description="10 kB at most; an armoured PGP message is welcome")]


class ReportBody(Body):
    """What is reported; whoever is logged in need not name an address."""

    kind: Literal["unauthorised_use", "security_problem", "asked_for_password"]
    text: _Text = ""
    email: Email | None = None
    lock: Annotated[bool, Field(description="lock the account at once; for whoever is logged in")] = False


class LockBody(Body):
    """The token of the link in the mail."""

    token: Annotated[str, Field(max_length=4096)]


class AnswerBody(Body):
    """What the person is told."""

    text: Annotated[str, Field(min_length=1, max_length=10 * 1024)]


class ReportsQuery(PageQuery):
    """Which cases, and which part of the list."""

    state: Literal["open", "answered", "closed"] | None = None


class ReportView(View):
    """A case, as whoever has its id sees it."""

    report_id: Annotated[str, Field(description="the number of the case; keep it: it is the key to the answer")]
    kind: str
    state: str
    created_at: str
    answer_by: str
    answered_at: str | None
    answer: str | None


class ReportSummaryView(View):
    """A case in the list of the staff; what was written stands in the case itself."""

    report_id: str
    kind: str
    state: str
    encrypted: bool
    late: bool
    created_at: str
    answer_by: str
    answered_at: str | None
    closed_at: str | None


class ReportContentsView(ReportSummaryView):
    """A case with what was written, and of which account."""

    text: str
    email: str | None
    account_id: str | None


class LockedView(View):
    """The account is locked."""

    message: str = "The account is locked. We have written to its address what comes next."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsApi:
    """The handlers."""

    desk: ReportDesk
    pages: Pages
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, answering = "/v1/identity/reports", staff("support", "security", "admin")
        # A report stores up to 10 kB and may cause a mail: fewer of them than of anything else.
        few = RateLimit(max(1, self.requests_a_minute // 10), timedelta(minutes=1))
        limit = RateLimit(self.requests_a_minute, timedelta(minutes=1))
        return (
            post(
                root,
                self.report,
                access=PUBLIC,
                status=202,
                limit=few,
                errors=(InvalidAddressError, ReportTooLargeError, AccountNotFoundError),
            ),
            get(root, self.list_reports, access=answering, replies=Page[ReportSummaryView]),
            get(f"{root}/{{report_id}}", self.read_report, access=PUBLIC, limit=limit, errors=(ReportNotFoundError,)),
            get(
                f"{root}/{{report_id}}/contents",
                self.read_report_contents,
                access=answering,
                errors=(ReportNotFoundError,),
            ),
            post(
                f"{root}/{{report_id}}/answers",
                self.answer_report,
                access=answering,
                status=201,
                idempotent=True,
                errors=(ReportNotFoundError, ReportNotOpenError, ReportTooLargeError),
            ),
            post(
                f"{root}/{{report_id}}/closures",
                self.close_report,
                access=answering,
                idempotent=True,
                errors=(ReportNotFoundError, ReportNotOpenError),
            ),
            post("/v1/identity/locks", self.lock_account, access=PUBLIC, limit=limit, errors=(LockRefusedError,)),
        )

    async def report(self, call: Call, body: ReportBody) -> ReportView:
        """Report misuse of an account, a security problem, or that somebody asked for a password.

        The answer is the same whether or not the named address has an account; if it has, its owner gets a link that
        locks it.
        """
        wish = ReportWish(
            kind=ReportKind(body.kind),
            text=body.text,
            account_id=call.who.id if call.who.kind == "customer" else "",
            email=body.email,
            lock=body.lock,
        )
        return _view(await self.desk.take(wish, at=call.now))

    async def read_report(self, call: Call) -> ReportView:
        """Read where a case stands, and the answer; its id, which only its author was told, is the key."""
        return _view(await self.desk.standing(call.path["report_id"]))

    async def lock_account(self, call: Call, body: LockBody) -> LockedView:
        """Lock the account by the link of the mail; works once."""
        await self.desk.lock(body.token, at=call.now)
        return LockedView()

    async def list_reports(self, call: Call, query: ReportsQuery) -> Page[ReportSummaryView]:
        """List cases, by state when one is named; what was written is not among it."""
        state = ReportState(query.state) if query.state else None
        found = await self.desk.page(state, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call, query, found, view=lambda record: _summary(record, call), position=lambda record: record.report.id
        )

    async def read_report_contents(self, call: Call) -> ReportContentsView:
        """Read what was written, as staff; whoever reported while logged in sees who has read it."""
        opened = await self.desk.read(call.path["report_id"], by=_by(call), at=call.now)
        return _contents(opened, call)

    async def answer_report(self, call: Call, body: AnswerBody) -> ReportSummaryView:
        """Answer a case."""
        record = await self.desk.answer(call.path["report_id"], body.text, by=_by(call), at=call.now)
        return _summary(record, call)

    async def close_report(self, call: Call) -> ReportSummaryView:
        """Close a case that has an answer."""
        return _summary(await self.desk.close(call.path["report_id"], at=call.now), call)


def _by(call: Call) -> Colleague:
    return Colleague(id=call.who.id, roles=call.who.roles)


def _view(record: ReportRecord) -> ReportView:
    report = record.report
    return ReportView(
        report_id=report.id,
        kind=report.kind,
        state=report.state,
        created_at=rfc3339(report.created_at),
        answer_by=rfc3339(report.target_at),
        answered_at=rfc3339(report.answered_at) if report.answered_at else None,
        answer=record.answer,
    )


def _summary(record: ReportRecord, call: Call) -> ReportSummaryView:
    report = record.report
    return ReportSummaryView(
        report_id=report.id,
        kind=report.kind,
        state=report.state,
        encrypted=report.armoured,
        late=report.answered_at is None and call.now >= report.target_at,
        created_at=rfc3339(report.created_at),
        answer_by=rfc3339(report.target_at),
        answered_at=rfc3339(report.answered_at) if report.answered_at else None,
        closed_at=rfc3339(report.closed_at) if report.closed_at else None,
    )


def _contents(opened: OpenedReport, call: Call) -> ReportContentsView:
    return ReportContentsView(
        **_summary(opened.record, call).model_dump(),
        text=opened.text,
        email=opened.email,
        account_id=None if opened.record.report.anonymous else opened.record.report.owner,
    )

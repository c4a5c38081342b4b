"""Abuse reports: anyone can send one, its id gives access to the answer, and staff answer it (C28, C24)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.api.fields import Email, get_staff_member
from services.identity.domain.staff.abuse_reports import AbuseReportKind, AbuseReportState
from services.identity.errors import (
    AbuseReportNotFoundError,
    AbuseReportNotOpenError,
    AbuseReportTooLargeError,
    AccountNotFoundError,
    InvalidLockTokenError,
)
from services.identity.service.staff.abuse_reports import (
    AbuseReportContents,
    AbuseReportService,
    AbuseReportSummary,
    NewAbuseReport,
)
from shared.clock import rfc3339
from shared.mail import InvalidEmailAddressError
from shared.web import (
    PUBLIC,
    SAFE_TEXT,
    CursorPage,
    JsonBody,
    OpaqueText,
    PageQuery,
    Paginator,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
    staff,
)

_ReportText = Annotated[
    str, Field(max_length=10 * 1024, description="at most 10 kB; may be an armoured PGP message"), SAFE_TEXT
]


class AbuseReportBody(JsonBody):
    """A report. A logged-in customer sends no address."""

    kind: Literal["unauthorized_use", "security_problem", "password_phishing"]
    text: _ReportText = ""
    email: Email | None = None
    lock_account: Annotated[bool, Field(description="lock the account at once; requires a login")] = False


class AccountLockBody(JsonBody):
    """The token of the lock link."""

    token: Annotated[str, Field(max_length=4096), OpaqueText("decrypted")]


class AbuseReportAnswerBody(JsonBody):
    """The answer to the reporter."""

    text: Annotated[str, Field(min_length=1, max_length=10 * 1024), SAFE_TEXT]


class AbuseReportsQuery(PageQuery):
    """Filter by state, and page."""

    state: Literal["open", "answered", "closed"] | None = None


class AbuseReportView(View):
    """A report, for its author."""

    report_id: Annotated[str, Field(description="keep it: you need it to read the answer")]
    kind: str
    state: str
    created_at: Timestamp
    answer_due_at: Timestamp
    answered_at: Timestamp | None
    answer: str | None


class MyAbuseReportsView(View):
    """Your reports, newest first."""

    items: list[AbuseReportView]


class AbuseReportSummaryView(View):
    """A report in the list of staff, without its text."""

    report_id: str
    kind: str
    state: str
    pgp_encrypted: bool
    is_overdue: bool
    created_at: Timestamp
    answer_due_at: Timestamp
    answered_at: Timestamp | None
    closed_at: Timestamp | None


class AbuseReportContentsView(AbuseReportSummaryView):
    """A report with its text and account."""

    text: str
    email: str | None
    account_id: str | None


class AccountLockedView(View):
    """The account is locked."""

    message: str = "The account is locked. We have emailed its owner what to do next."


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReportsApi:
    """HTTP handlers of abuse reports."""

    abuse_report_service: AbuseReportService
    paginator: Paginator
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, answering = "/v1/identity/abuse-reports", staff("support", "security", "admin")
        # A report stores up to 10 kB and may cause an email: its limit is a tenth of the others.
        few = RateLimit(max(1, self.rate_limit_per_minute // 10), timedelta(minutes=1))
        limit = RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        return (
            post(
                root,
                self.create_abuse_report,
                access=PUBLIC,
                status=202,
                limit=few,
                errors=(InvalidEmailAddressError, AbuseReportTooLargeError, AccountNotFoundError),
            ),
            get(root, self.list_abuse_reports, access=answering, replies=CursorPage[AbuseReportSummaryView]),
            get(f"{root}/mine", self.list_my_abuse_reports, access=customer()),
            get(
                f"{root}/{{report_id}}",
                self.get_abuse_report,
                access=PUBLIC,
                limit=limit,
                errors=(AbuseReportNotFoundError,),
            ),
            get(
                f"{root}/{{report_id}}/contents",
                self.get_abuse_report_contents,
                access=answering,
                errors=(AbuseReportNotFoundError,),
            ),
            post(
                f"{root}/{{report_id}}/answers",
                self.answer_abuse_report,
                access=answering,
                status=201,
                idempotent=True,
                errors=(AbuseReportNotFoundError, AbuseReportNotOpenError, AbuseReportTooLargeError),
            ),
            post(
                f"{root}/{{report_id}}/closures",
                self.close_abuse_report,
                access=answering,
                idempotent=True,
                errors=(AbuseReportNotFoundError, AbuseReportNotOpenError),
            ),
            post(
                "/v1/identity/account-locks",
                self.lock_account,
                access=PUBLIC,
                limit=limit,
                errors=(InvalidLockTokenError,),
            ),
        )

    async def create_abuse_report(self, call: RequestContext, body: AbuseReportBody) -> AbuseReportView:
        """Report unauthorized use of an account, a security problem, or password phishing.

        The response is the same whether or not the address has an account. If it has one, its owner gets a link that
        locks it.
        """
        new_report = NewAbuseReport(
            kind=AbuseReportKind(body.kind),
            text=body.text,
            account_id=call.principal.id if call.principal.kind == "customer" else "",
            email=body.email,
            lock=body.lock_account,
        )
        return _report_view(await self.abuse_report_service.submit(new_report, at=call.now))

    async def get_abuse_report(self, call: RequestContext) -> AbuseReportView:
        """Get the state of a report and its answer. Its id, which only the author has, works as a key."""
        return _report_view(await self.abuse_report_service.get_status(call.path["report_id"]))

    async def list_my_abuse_reports(self, call: RequestContext) -> MyAbuseReportsView:
        """List the reports that you sent while logged in, without the answers."""
        mine = await self.abuse_report_service.list_by_account(call.principal.id)
        return MyAbuseReportsView(items=[_report_view(one) for one in mine])

    async def lock_account(self, call: RequestContext, body: AccountLockBody) -> AccountLockedView:
        """Lock an account with the token of the link. A token works once."""
        await self.abuse_report_service.lock_account(body.token, at=call.now)
        return AccountLockedView()

    async def list_abuse_reports(
        self, call: RequestContext, query: AbuseReportsQuery
    ) -> CursorPage[AbuseReportSummaryView]:
        """List reports without their texts, optionally by state."""
        state = AbuseReportState(query.state) if query.state else None
        found = await self.abuse_report_service.list_page(
            state, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=lambda record: _summary_view(record, call),
            position=lambda record: record.report.id,
        )

    async def get_abuse_report_contents(self, call: RequestContext) -> AbuseReportContentsView:
        """Get the text of a report, as staff. A customer who reported while logged in sees the access."""
        opened = await self.abuse_report_service.read(call.path["report_id"], by=get_staff_member(call), at=call.now)
        return _contents_view(opened, call)

    async def answer_abuse_report(self, call: RequestContext, body: AbuseReportAnswerBody) -> AbuseReportSummaryView:
        """Answer a report."""
        record = await self.abuse_report_service.answer_report(
            call.path["report_id"], body.text, by=get_staff_member(call), at=call.now
        )
        return _summary_view(record, call)

    async def close_abuse_report(self, call: RequestContext) -> AbuseReportSummaryView:
        """Close an answered report."""
        return _summary_view(await self.abuse_report_service.close(call.path["report_id"], at=call.now), call)


def _report_view(record: AbuseReportSummary) -> AbuseReportView:
    report = record.report
    return AbuseReportView(
        report_id=report.id,
        kind=report.kind,
        state=report.state,
        created_at=rfc3339(report.created_at),
        answer_due_at=rfc3339(report.answer_due_at),
        answered_at=rfc3339(report.answered_at) if report.answered_at else None,
        answer=record.answer,
    )


def _summary_view(record: AbuseReportSummary, call: RequestContext) -> AbuseReportSummaryView:
    report = record.report
    return AbuseReportSummaryView(
        report_id=report.id,
        kind=report.kind,
        state=report.state,
        pgp_encrypted=report.pgp_encrypted,
        is_overdue=report.answered_at is None and call.now >= report.answer_due_at,
        created_at=rfc3339(report.created_at),
        answer_due_at=rfc3339(report.answer_due_at),
        answered_at=rfc3339(report.answered_at) if report.answered_at else None,
        closed_at=rfc3339(report.closed_at) if report.closed_at else None,
    )


def _contents_view(contents: AbuseReportContents, call: RequestContext) -> AbuseReportContentsView:
    return AbuseReportContentsView(
        **_summary_view(contents.summary, call).model_dump(),
        text=contents.text,
        email=contents.email,
        account_id=None if contents.summary.report.anonymous else contents.summary.report.subject_id,
    )

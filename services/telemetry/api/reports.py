"""Reports of closed weeks, and their deletion."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.telemetry.api.fields import Bytes32, Bytes64, QuestionVersion, WeekName
from services.telemetry.domain import (
    Bucket,
    Feature,
    Locale,
    OperatingSystem,
    Program,
    RefusalReason,
    Token,
    UsageReport,
    decode_bytes,
)
from services.telemetry.errors import (
    InvalidReportError,
    ProgramUnavailableError,
    ReportsOverloadedError,
    ReportsRefusedError,
    TokenNotVerifiedError,
)
from services.telemetry.service import ReportBatch, ReportService
from shared import observe
from shared.web import ANONYMOUS, JsonBody, RateLimit, RequestContext, Route, View, post

MAX_REPORTS = 16
"""In one request. A device sends each report in a request of its own: together they would belong to one device."""
MAX_REPORTS_BYTES = 16 * 1024

_reports = observe.counter(
    "candor_telemetry_reports_total", "Well-formed usage reports, by outcome: accepted, or why refused.", ("outcome",)
)


class UsageReportBody(JsonBody):
    """The report of an installation for a week: values of closed lists only, so no free text can be sent."""

    question_version: QuestionVersion
    week: WeekName
    number: Bytes32
    token: Bytes64
    program: Program
    version: Annotated[str, Field(pattern=r"^([0-9]{1,2}\.[0-9]{1,2}|other)$", examples=["4.8"])]
    os: OperatingSystem
    locale: Locale
    counters: dict[Feature, Bucket]


class ReportsBody(JsonBody):
    """Reports of closed weeks."""

    reports: Annotated[list[UsageReportBody], Field(min_length=1, max_length=MAX_REPORTS)]


class ReportDeletionBody(JsonBody):
    """The token of the report to delete."""

    question_version: QuestionVersion
    program: Program
    week: WeekName
    number: Bytes32
    token: Bytes64


class RefusalView(View):
    """How many reports were refused for one reason."""

    reason: RefusalReason
    count: int


class ReportBatchView(View):
    """What became of the reports."""

    accepted: int
    refused: list[RefusalView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsApi:
    """The handlers of reports."""

    reports: ReportService
    limit: RateLimit

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            post(
                "/v1/telemetry/reports",
                self.submit_reports,
                access=ANONYMOUS,
                status=202,
                limit=self.limit,
                body_limit=MAX_REPORTS_BYTES,
                summary="Submit reports of closed weeks",
                errors=(InvalidReportError, ProgramUnavailableError, ReportsOverloadedError, ReportsRefusedError),
            ),
            post(
                "/v1/telemetry/reports/deletions",
                self.delete_report,
                access=ANONYMOUS,
                limit=self.limit,
                body_limit=MAX_REPORTS_BYTES,
                summary="Delete the report of a week",
                errors=(ProgramUnavailableError, TokenNotVerifiedError),
            ),
        )

    async def submit_reports(self, call: RequestContext, body: ReportsBody) -> ReportBatchView:
        """Submit reports. Each is stored once, and only until the statistics of its week are released.

        When some are refused, the reply counts them by reason; when all are, it is a 422.
        """
        try:
            batch = await self.reports.submit([(_token(one), _usage(one)) for one in body.reports], at=call.now)
        except ReportsRefusedError as refused:
            for field in refused.fields:
                _reports.labels(field.code).inc()
            raise
        _count(batch)
        return ReportBatchView(
            accepted=batch.accepted,
            refused=[RefusalView(reason=reason, count=count) for reason, count in batch.refused.items()],
        )

    async def delete_report(self, call: RequestContext, body: ReportDeletionBody) -> None:
        """Delete the report that carried this token. The answer is the same when there is none."""
        await self.reports.delete_report(body.program, _token(body), at=call.now)


def _count(batch: ReportBatch) -> None:
    if batch.accepted:
        _reports.labels("accepted").inc(batch.accepted)
    for reason, count in batch.refused.items():
        _reports.labels(reason.value).inc(count)


def _token(body: UsageReportBody | ReportDeletionBody) -> Token:
    return Token(
        question_version=body.question_version,
        week=body.week,
        number=body.number,
        evaluation=decode_bytes(body.token),
    )


def _usage(body: UsageReportBody) -> UsageReport:
    return UsageReport(
        program=body.program.value,
        version=body.version,
        os=body.os.value,
        locale=body.locale.value,
        counters={feature.value: bucket.value for feature, bucket in body.counters.items()},
    )

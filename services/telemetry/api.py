"""The HTTP API of telemetry.

The routes for people are anonymous: a token that a client sends is not read, so no account is stored with an
installation. Reports are sent in bodies, because paths are logged. A withdrawal has the installation in its path, but
its data is deleted by then.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.telemetry.domain import CURRENT_QUESTION, Feature, Locale, OperatingSystem, Program, Release
from services.telemetry.errors import (
    InvalidQuestionVersionError,
    OptInRequiredError,
    QuestionOutdatedError,
    ReleasableWeekNotFoundError,
    WeekAlreadyReleasedError,
)
from services.telemetry.service import TelemetryService, UsageReport
from shared.clock import rfc3339
from shared.web import (
    ANONYMOUS,
    JsonBody,
    OpaqueText,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    delete,
    get,
    post,
    staff,
)

STATISTICS_NOTE = (
    "Counts of the installations that opted in and reported in this week, not of all installations. Groups below the "
    "minimum size are suppressed, and so is any count that would reveal one by subtraction."
)
OPT_IN_RATE_LIMIT = RateLimit(300, timedelta(hours=1), "opt-ins")
REPORT_RATE_LIMIT = RateLimit(1_200, timedelta(hours=1), "reports")
"""For each IP address, in memory only: a household or an office sends a few reports a week."""
MAX_REPORT_BYTES = 16 * 1024
InstallationId = Annotated[str, Field(pattern=r"^ins_[0-9a-z]{26}$"), OpaqueText("looked up")]


class OptInBody(JsonBody):
    """An opt-in: a person agreed to this version of the question."""

    question_version: int


class UsageReportBody(JsonBody):
    """The report of an installation for a week: fixed values and integers only, so no free text can be sent."""

    installation: InstallationId
    question_version: int
    program: Program
    version: Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,2}$", examples=["4.8"])]
    os: OperatingSystem
    locale: Locale
    counters: dict[Feature, Annotated[int, Field(ge=0, le=1_000_000)]]


class ReleaseBody(JsonBody):
    """The week to publish; null for the oldest unpublished one."""

    week: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")] | None = None


class QuestionView(View):
    """The question that a person is asked before anything is collected."""

    version: int
    text: str
    collected: list[str]


class OptInView(View):
    """The random id of the installation; store it on the device only."""

    installation: str


class ReportAcceptedView(View):
    """The report was accepted."""

    status: Literal["accepted"] = "accepted"


class PublishedReleaseView(View):
    """A published release."""

    release_id: str
    week: str
    cell_count: int


class CellView(View):
    """The number of installations with this value."""

    dimension: str
    value: str
    count: int


class ReleaseView(View):
    """The public statistics of one week."""

    release_id: str
    week: str
    n: int
    min_group_size: int
    published_at: Timestamp
    note: str
    cells: list[CellView]


class PublicStatisticsView(View):
    """All public statistics, the newest week first."""

    releases: list[ReleaseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryApi:
    """The handlers of telemetry."""

    service: TelemetryService

    def build_routes(self) -> tuple[Route, ...]:
        """Return all routes of telemetry."""
        root = "/v1/telemetry"
        return (
            get(f"{root}/question", self.get_question, access=ANONYMOUS, summary="Get the opt-in question"),
            post(
                f"{root}/opt-ins",
                self.create_opt_in,
                access=ANONYMOUS,
                status=201,
                idempotent=True,
                limit=OPT_IN_RATE_LIMIT,
                summary="Opt in a new installation",
                errors=(InvalidQuestionVersionError,),
            ),
            delete(
                f"{root}/opt-ins/{{installation}}",
                self.delete_opt_in,
                access=ANONYMOUS,
                status=204,
                summary="Withdraw an opt-in and delete its unpublished reports",
            ),
            post(
                f"{root}/reports",
                self.submit_report,
                access=ANONYMOUS,
                status=202,
                limit=REPORT_RATE_LIMIT,
                body_limit=MAX_REPORT_BYTES,
                summary="Submit the report of a week",
                errors=(OptInRequiredError, QuestionOutdatedError),
            ),
            post(
                f"{root}/releases",
                self.publish_release,
                access=staff("engineer", "admin"),
                status=201,
                idempotent=True,
                summary="Publish the statistics of a week",
                errors=(ReleasableWeekNotFoundError, WeekAlreadyReleasedError),
            ),
            get(f"{root}/statistics", self.get_statistics, access=ANONYMOUS, summary="Get the public statistics"),
        )

    async def get_question(self, _call: RequestContext) -> QuestionView:
        """Get the current question and the data that an opt-in covers."""
        return QuestionView(
            version=CURRENT_QUESTION.version, text=CURRENT_QUESTION.text, collected=list(CURRENT_QUESTION.collected)
        )

    async def create_opt_in(self, call: RequestContext, body: OptInBody) -> OptInView:
        """Opt in a new installation."""
        opt_in = await self.service.create_opt_in(body.question_version, at=call.now)
        return OptInView(installation=opt_in.installation)

    async def delete_opt_in(self, call: RequestContext) -> None:
        """Withdraw an opt-in. The answer is the same for an unknown installation."""
        await self.service.delete_opt_in(call.path["installation"])

    async def submit_report(self, call: RequestContext, body: UsageReportBody) -> ReportAcceptedView:
        """Submit the report of a week; a second report of the same week replaces the first."""
        usage = UsageReport(
            program=body.program,
            version=body.version,
            os=body.os,
            locale=body.locale,
            counters={name.value: count for name, count in body.counters.items()},
        )
        await self.service.submit_report(body.installation, body.question_version, usage, at=call.now)
        return ReportAcceptedView()

    async def publish_release(self, call: RequestContext, body: ReleaseBody) -> PublishedReleaseView:
        """Publish the statistics of a week, once."""
        release = await self.service.publish_release(body.week, idempotency_key=call.idempotency_key, at=call.now)
        return PublishedReleaseView(release_id=release.release_id, week=release.week, cell_count=len(release.cells))

    async def get_statistics(self, _call: RequestContext) -> PublicStatisticsView:
        """Get the public statistics of the newest 52 weeks."""
        return PublicStatisticsView(releases=[_release_view(release) for release in await self.service.list_releases()])


def _release_view(release: Release) -> ReleaseView:
    cells = [CellView(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in release.cells]
    return ReleaseView(
        release_id=release.release_id,
        week=release.week,
        n=release.n,
        min_group_size=release.min_group_size,
        published_at=rfc3339(release.published_at),
        note=STATISTICS_NOTE,
        cells=cells,
    )

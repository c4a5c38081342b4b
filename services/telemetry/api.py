"""Telemetry over HTTP: parse, one call, render.

Anonymous: a token that is sent all the same is not read, so no account is ever beside an installation. Reports come as
bodies, so that nothing lands in an address that gets logged; a withdrawal names its installation in the address, and
nothing is stored of it any more by then.
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
from shared.web import ANONYMOUS, JsonBody, RateLimit, RequestContext, Route, View, delete, get, post, staff

STATISTICS_NOTE = (
    "Counts of installations that opted in and reported in the week; people who share more are over-represented. "
    "Groups below the minimum are left out, and so is any figure that would reveal one by subtraction."
)
OPT_IN_RATE_LIMIT = RateLimit(300, timedelta(hours=1), "opt-ins")
REPORT_RATE_LIMIT = RateLimit(1_200, timedelta(hours=1), "reports")
"""For each address, in memory only: a household or an office reports a few times a week, a flood more."""
MAX_REPORT_BYTES = 16 * 1024
InstallationId = Annotated[str, Field(pattern=r"^ins_[0-9a-z]{26}$")]


class OptInBody(JsonBody):
    """The yes of a person to the question of this version."""

    question_version: int


class UsageReportBody(JsonBody):
    """One week of one installation: closed lists and whole numbers, so that no free text can be sent."""

    installation: InstallationId
    question_version: int
    program: Program
    version: Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,2}$", examples=["4.8"])]
    os: OperatingSystem
    locale: Locale
    counters: dict[Feature, Annotated[int, Field(ge=0, le=1_000_000)]]


class ReleaseBody(JsonBody):
    """Which week to publish; null for the oldest that waits."""

    week: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")] | None = None


class QuestionView(View):
    """What a person is asked."""

    version: int
    text: str
    collected: list[str]


class OptInView(View):
    """The random name of the installation; keep it on the device and nowhere else."""

    installation: str


class ReportAcceptedView(View):
    """The report was taken."""

    status: Literal["accepted"] = "accepted"


class PublishedReleaseView(View):
    """A release was published."""

    release_id: str
    week: str
    cell_count: int


class CellView(View):
    """How many installations have this value."""

    dimension: str
    value: str
    count: int


class ReleaseView(View):
    """The public statistics of one week."""

    release_id: str
    week: str
    n: int
    min_group_size: int
    published_at: str
    note: str
    cells: list[CellView]


class PublicStatisticsView(View):
    """All public statistics, newest first."""

    releases: list[ReleaseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryApi:
    """The handlers."""

    service: TelemetryService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of telemetry."""
        root = "/v1/telemetry"
        return (
            get(f"{root}/question", self.get_question, access=ANONYMOUS, summary="Read the question to be asked"),
            post(
                f"{root}/opt-ins",
                self.create_opt_in,
                access=ANONYMOUS,
                status=201,
                idempotent=True,
                limit=OPT_IN_RATE_LIMIT,
                summary="Opt a new installation in",
                errors=(InvalidQuestionVersionError,),
            ),
            delete(
                f"{root}/opt-ins/{{installation}}",
                self.delete_opt_in,
                access=ANONYMOUS,
                status=204,
                summary="Withdraw; what was reported and not yet published is deleted",
            ),
            post(
                f"{root}/reports",
                self.submit_report,
                access=ANONYMOUS,
                status=202,
                limit=REPORT_RATE_LIMIT,
                body_limit=MAX_REPORT_BYTES,
                summary="Send the report of one week",
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
            get(f"{root}/statistics", self.get_statistics, access=ANONYMOUS, summary="Read the public statistics"),
        )

    async def get_question(self, _call: RequestContext) -> QuestionView:
        """Return the current question and all that a yes allows to be collected."""
        return QuestionView(
            version=CURRENT_QUESTION.version, text=CURRENT_QUESTION.text, collected=list(CURRENT_QUESTION.collected)
        )

    async def create_opt_in(self, call: RequestContext, body: OptInBody) -> OptInView:
        """Keep the yes."""
        opt_in = await self.service.create_opt_in(body.question_version, at=call.now)
        return OptInView(installation=opt_in.installation)

    async def delete_opt_in(self, call: RequestContext) -> None:
        """Forget the installation; the answer is the same for one that never opted in."""
        await self.service.delete_opt_in(call.path["installation"])

    async def submit_report(self, call: RequestContext, body: UsageReportBody) -> ReportAcceptedView:
        """Take the report of one week."""
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
        """Publish the statistics of a week."""
        release = await self.service.publish_release(body.week, idempotency_key=call.idempotency_key, at=call.now)
        return PublishedReleaseView(release_id=release.release_id, week=release.week, cell_count=len(release.cells))

    async def get_statistics(self, _call: RequestContext) -> PublicStatisticsView:
        """Return what is public."""
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

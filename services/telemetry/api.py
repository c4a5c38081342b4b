"""Telemetry over HTTP: parse, one call, render.

Anonymous: a token that is sent all the same is not read, so no account is ever beside an installation. Reports come as
bodies, so that nothing lands in an address that gets logged; a withdrawal names its installation in the address, and
nothing is stored of it any more by then.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.telemetry.domain import QUESTION, Feature, Locale, Program, Release, System
from services.telemetry.errors import (
    AlreadyReleasedError,
    NoOptInError,
    NothingToReleaseError,
    StaleQuestionError,
    UnknownQuestionError,
)
from services.telemetry.service import Telemetry, Usage
from shared.clock import rfc3339
from shared.web import ANONYMOUS, Body, Call, RateLimit, Route, View, delete, get, post, staff

NOTE = (
    "Counts of installations that opted in and reported in the week; people who share more are over-represented. "
    "Groups below the minimum are left out, and so is any figure that would reveal one by subtraction."
)
OPT_INS_AN_HOUR = RateLimit(300, timedelta(hours=1), "opt-ins")
REPORTS_AN_HOUR = RateLimit(1_200, timedelta(hours=1), "reports")
"""For each address, in memory only: a household or an office reports a few times a week, a flood more."""
REPORT_BYTES = 16 * 1024
Installation = Annotated[str, Field(pattern=r"^ins_[0-9a-z]{26}$")]


class OptInBody(Body):
    """The yes of a person to the question of this version."""

    question_version: int


class ReportBody(Body):
    """One week of one installation: closed lists and whole numbers, so that no free text can be sent."""

    installation: Installation
    question_version: int
    program: Program
    version: Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,2}$", examples=["4.8"])]
    os: System
    locale: Locale
    counters: dict[Feature, Annotated[int, Field(ge=0, le=1_000_000)]]


class ReleaseBody(Body):
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


class AcceptedView(View):
    """The report was taken."""

    status: Literal["accepted"] = "accepted"


class ReleaseMadeView(View):
    """A release was published."""

    release_id: str
    week: str
    cells: int


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
    minimum_group: int
    published_at: str
    note: str
    cells: list[CellView]


class StatisticsView(View):
    """All public statistics, newest first."""

    releases: list[ReleaseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryApi:
    """The handlers."""

    telemetry: Telemetry

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of telemetry."""
        root = "/v1/telemetry"
        return (
            get(f"{root}/question", self.question, access=ANONYMOUS, summary="Read the question to be asked"),
            post(
                f"{root}/opt-ins",
                self.opt_in,
                access=ANONYMOUS,
                status=201,
                idempotent=True,
                limit=OPT_INS_AN_HOUR,
                summary="Opt a new installation in",
                errors=(UnknownQuestionError,),
            ),
            delete(
                f"{root}/opt-ins/{{installation}}",
                self.withdraw,
                access=ANONYMOUS,
                status=204,
                summary="Withdraw; what was reported and not yet published is deleted",
            ),
            post(
                f"{root}/reports",
                self.report,
                access=ANONYMOUS,
                status=202,
                limit=REPORTS_AN_HOUR,
                body_limit=REPORT_BYTES,
                summary="Send the report of one week",
                errors=(NoOptInError, StaleQuestionError),
            ),
            post(
                f"{root}/releases",
                self.release,
                access=staff("engineer", "admin"),
                status=201,
                idempotent=True,
                summary="Publish the statistics of a week",
                errors=(NothingToReleaseError, AlreadyReleasedError),
            ),
            get(f"{root}/statistics", self.statistics, access=ANONYMOUS, summary="Read the public statistics"),
        )

    async def question(self, _call: Call) -> QuestionView:
        """Return the current question and all that a yes allows to be collected."""
        return QuestionView(version=QUESTION.version, text=QUESTION.text, collected=list(QUESTION.collected))

    async def opt_in(self, call: Call, body: OptInBody) -> OptInView:
        """Keep the yes."""
        said_yes = await self.telemetry.opt_in(body.question_version, at=call.now)
        return OptInView(installation=said_yes.installation)

    async def withdraw(self, call: Call) -> None:
        """Forget the installation; the answer is the same for one that never opted in."""
        await self.telemetry.withdraw(call.path["installation"])

    async def report(self, call: Call, body: ReportBody) -> AcceptedView:
        """Take the report of one week."""
        usage = Usage(
            program=body.program,
            version=body.version,
            os=body.os,
            locale=body.locale,
            counters={name.value: count for name, count in body.counters.items()},
        )
        await self.telemetry.report(body.installation, body.question_version, usage, at=call.now)
        return AcceptedView()

    async def release(self, call: Call, body: ReleaseBody) -> ReleaseMadeView:
        """Publish the statistics of a week."""
        made = await self.telemetry.release(body.week, operation=call.operation, at=call.now)
        return ReleaseMadeView(release_id=made.release_id, week=made.week, cells=len(made.cells))

    async def statistics(self, _call: Call) -> StatisticsView:
        """Return what is public."""
        return StatisticsView(releases=[_view(release) for release in await self.telemetry.statistics()])


def _view(release: Release) -> ReleaseView:
    cells = [CellView(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in release.cells]
    return ReleaseView(
        release_id=release.release_id,
        week=release.week,
        n=release.n,
        minimum_group=release.minimum_group,
        published_at=rfc3339(release.published_at),
        note=NOTE,
        cells=cells,
    )

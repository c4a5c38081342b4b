"""The public statistics over HTTP: releases, the budget ledger, and the usage reports of staff, which are the same."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from services.telemetry.domain import WEEK_PATTERN, Stream
from services.telemetry.domain.budget import BudgetEntry, format_micros
from services.telemetry.domain.publication import Figure, PublishedTable
from services.telemetry.errors.statistics import InvalidWeekError, ReleaseNotFoundError
from services.telemetry.service.statistics import LedgerYear, PublicStatistics, PublishedRelease
from shared.clock import rfc3339
from shared.errors import FieldProblem
from shared.web import ANONYMOUS, Query, RequestContext, Route, Timestamp, View, get, staff

NOTE: Final = (
    "Counts of reports of installations that said yes, not of all installations. Every figure carries noise of its "
    "own, so figures may be negative and rows of different tables need not agree. A figure of null is too few for a "
    "release, or would reveal such a one. The margin covers the true count in 95 of 100 cases."
)
DEMONSTRATION_NOTE: Final = "A demonstration: these reports come from simulated installations, not from people."
UNIT: Final = "one installation in one week: with or without its report, the release is almost equally likely"
COMPOSITION: Final = (
    "Basic composition: a report is in one cell of each table of its program, so the tables of a week add up to the "
    "epsilon of the week; programs do not add, since a report is of one program; weeks add up to the year."
)
_MAX_RELEASES = 53
StreamName = Literal["software", "demo"]


class ReleasesQuery(Query):
    """Which releases, and how many."""

    stream: StreamName = "software"
    limit: Annotated[int, Field(ge=1, le=_MAX_RELEASES)] = 4


class UsageReportQuery(Query):
    """How many weeks."""

    weeks: Annotated[int, Field(ge=1, le=_MAX_RELEASES)] = 13


class LedgerQuery(Query):
    """Which stream and year; by default the current year."""

    stream: StreamName = "software"
    year: Annotated[int, Field(ge=2000, le=9999)] | None = None


class FigureView(View):
    """A figure with its margin; null when it is not shown."""

    value: str
    count: int | None
    margin: int


class TableView(View):
    """A table: rows in the order of their values; *base* is what its shares are of."""

    name: str
    program: str | None
    base: str
    base_count: int
    base_margin: int
    figures: list[FigureView]
    not_shown: FigureView


class PrivacyView(View):
    """What the noise guarantees, and how it was drawn."""

    epsilon: str
    epsilon_micros: int
    unit: str
    sensitivity: int
    scale: int
    mechanism: str


class ReleaseView(View):
    """The public statistics of one week; *total* is null when they are too few for a release."""

    release_id: str
    stream: Stream
    is_demonstration: bool
    week: str
    week_closed_at: Timestamp
    published_at: Timestamp
    total: int | None
    total_margin: int
    min_count: int
    privacy: PrivacyView
    note: str
    tables: list[TableView]


class PublicStatisticsView(View):
    """The newest releases, the newest week first."""

    releases: list[ReleaseView]


class TableChargeView(View):
    """What one table cost, in millionths of epsilon."""

    table: str
    epsilon_micros: int


class BudgetEntryView(View):
    """What the release of one week cost."""

    release_id: str
    week: str
    epsilon: str
    epsilon_micros: int
    sensitivity: int
    scale: int
    tables: list[TableChargeView]
    recorded_at: Timestamp


class BudgetLedgerView(View):
    """The budget ledger of one year, in whole millionths of epsilon."""

    stream: Stream
    year: int
    unit: str
    composition: str
    limit_micros: int
    spent_micros: int
    remaining_micros: int
    epsilon_limit: str
    epsilon_spent: str
    years: list[int]
    entries: list[BudgetEntryView]


class WeeklyFigureView(View):
    """A published figure of one week."""

    week: str
    count: int | None
    margin: int


class UsageSeriesView(View):
    """A published figure over the weeks, the newest first."""

    program: str | None
    table: str
    value: str
    weeks: list[WeeklyFigureView]


class UsageReportView(View):
    """Usage over the weeks, from the releases alone: staff see nothing that the public does not."""

    weeks: list[str]
    series: list[UsageSeriesView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatisticsApi:
    """The handlers of the statistics."""

    statistics: PublicStatistics

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/telemetry"
        return (
            get(f"{root}/statistics", self.list_releases, access=ANONYMOUS),
            get(
                f"{root}/statistics/{{week}}",
                self.get_release,
                access=ANONYMOUS,
                errors=(InvalidWeekError, ReleaseNotFoundError),
            ),
            get(f"{root}/budget-ledger", self.get_budget_ledger, access=ANONYMOUS),
            get(f"{root}/usage-reports", self.get_usage_report, access=staff("engineer", "admin")),
        )

    async def list_releases(self, _call: RequestContext, query: ReleasesQuery) -> PublicStatisticsView:
        """List the newest releases of the public statistics."""
        found = await self.statistics.list_releases(Stream(query.stream), query.limit)
        return PublicStatisticsView(releases=[_release_view(each) for each in found])

    async def get_release(self, call: RequestContext) -> ReleaseView:
        """Get the release of one week, for example 2026-W47."""
        return _release_view(await self.statistics.get_release(_parse_week(call.path["week"])))

    async def get_budget_ledger(self, call: RequestContext, query: LedgerQuery) -> BudgetLedgerView:
        """Get the budget ledger: what each release of a year has cost, and what is left."""
        year = query.year or call.now.isocalendar().year
        return _ledger_view(await self.statistics.get_ledger(Stream(query.stream), year))

    async def get_usage_report(self, _call: RequestContext, query: UsageReportQuery) -> UsageReportView:
        """Get the internal usage report: the published figures week by week (C08)."""
        found = await self.statistics.list_releases(Stream.SOFTWARE, query.weeks)
        return _usage_report_view(found)


def _parse_week(text: str) -> str:
    # re.ASCII: digits of other scripts are not digits of a week.
    if re.fullmatch(WEEK_PATTERN, text, re.ASCII) is None:
        problem = FieldProblem(field="week", code="invalid", message="is not like 2026-W47")
        raise InvalidWeekError(fields=(problem,))
    return text


def _release_view(found: PublishedRelease) -> ReleaseView:
    release, publication = found.release, found.publication
    return ReleaseView(
        release_id=release.release_id,
        stream=release.stream,
        is_demonstration=release.is_demonstration,
        week=release.week,
        week_closed_at=rfc3339(release.week_closed_at),
        published_at=rfc3339(release.published_at),
        total=publication.total,
        total_margin=publication.total_margin,
        min_count=release.min_count,
        privacy=PrivacyView(
            epsilon=format_micros(release.noise.epsilon_micros),
            epsilon_micros=release.noise.epsilon_micros,
            unit=UNIT,
            sensitivity=release.noise.sensitivity,
            scale=release.noise.scale,
            mechanism="discrete Laplace (OpenDP), one draw for each cell of the closed lists",
        ),
        note=f"{DEMONSTRATION_NOTE} {NOTE}" if release.is_demonstration else NOTE,
        tables=[_table_view(table) for table in publication.tables],
    )


def _table_view(table: PublishedTable) -> TableView:
    return TableView(
        name=table.name,
        program=table.program,
        base=table.base,
        base_count=table.base_count,
        base_margin=table.base_margin,
        figures=[_figure_view(figure) for figure in table.figures],
        not_shown=_figure_view(table.not_shown),
    )


def _figure_view(figure: Figure) -> FigureView:
    return FigureView(value=figure.value, count=figure.count, margin=figure.margin)


def _ledger_view(found: LedgerYear) -> BudgetLedgerView:
    budget = found.budget
    return BudgetLedgerView(
        stream=budget.stream,
        year=budget.year,
        unit=UNIT,
        composition=COMPOSITION,
        limit_micros=budget.limit_micros,
        spent_micros=budget.spent_micros,
        remaining_micros=budget.remaining_micros,
        epsilon_limit=format_micros(budget.limit_micros),
        epsilon_spent=format_micros(budget.spent_micros),
        years=found.years,
        entries=[_entry_view(entry) for entry in found.entries],
    )


def _entry_view(entry: BudgetEntry) -> BudgetEntryView:
    return BudgetEntryView(
        release_id=entry.release_id,
        week=entry.week,
        epsilon=format_micros(entry.epsilon_micros),
        epsilon_micros=entry.epsilon_micros,
        sensitivity=entry.sensitivity,
        scale=entry.scale,
        tables=[TableChargeView(table=one.table, epsilon_micros=one.epsilon_micros) for one in entry.charges],
        recorded_at=rfc3339(entry.recorded_at),
    )


def _usage_report_view(found: list[PublishedRelease]) -> UsageReportView:
    weeks = [each.release.week for each in found]
    by_week = {
        each.release.week: {
            (table.program, table.name, figure.value): figure
            for table in each.publication.tables
            for figure in table.figures
        }
        for each in found
    }
    keys = dict.fromkeys(key for figures in by_week.values() for key in figures)
    return UsageReportView(
        weeks=weeks,
        series=[
            UsageSeriesView(
                program=program,
                table=table,
                value=value,
                weeks=[
                    WeeklyFigureView(week=week, count=figure.count, margin=figure.margin)
                    for week in weeks
                    if (figure := by_week[week].get((program, table, value))) is not None
                ],
            )
            for program, table, value in keys
        ],
    )

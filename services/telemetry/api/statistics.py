"""The public statistics."""

from dataclasses import dataclass

from services.telemetry.domain.releases import Release
from services.telemetry.service import ReleaseService
from shared.clock import rfc3339
from shared.web import ANONYMOUS, RequestContext, Route, Timestamp, View, get

STATISTICS_NOTE = "Counts of the reports of installations that said yes in this week, not of all installations."


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
class ReleasesApi:
    """The handlers of the statistics."""

    releases: ReleaseService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            get("/v1/telemetry/statistics", self.get_statistics, access=ANONYMOUS, summary="Get the public statistics"),
        )

    async def get_statistics(self, _call: RequestContext) -> PublicStatisticsView:
        """Get the public statistics of the newest 52 weeks."""
        return PublicStatisticsView(
            releases=[_release_view(release) for release in await self.releases.list_releases()]
        )


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

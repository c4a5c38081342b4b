"""The public statistics of the service (C11)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.sync.domain.statistics import MIN_GROUP_SIZE, round_down
from services.sync.service.oversight.statistics import MAX_DAYS, UsageStatistics
from shared.web import PUBLIC, Query, RequestContext, Route, View, get


class StatisticsQuery(Query):
    """How many of the last days."""

    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 30


class ClientDayView(View):
    """What the accounts with one client family did on one day."""

    day: str
    family: str
    accounts: int
    reads: int
    writes: int
    lists: int


class StorageDayView(View):
    """The storage on one day, and the accounts of each size."""

    day: str
    accounts: int
    bytes: int
    sizes: dict[str, int]


class SyncStatisticsView(View):
    """Figures of past days, each of at least *min_group_size* accounts and rounded down."""

    min_group_size: int
    clients: list[ClientDayView]
    storage: list[StorageDayView]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsApi:
    """The handler of ``/v1/sync/statistics``."""

    statistics: UsageStatistics

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route of the statistics."""
        return (
            get(
                "/v1/sync/statistics", self.get_statistics, access=PUBLIC, summary="Read the statistics of the service"
            ),
        )

    async def get_statistics(self, _call: RequestContext, query: StatisticsQuery) -> SyncStatisticsView:
        """Return the published figures."""
        clients, storage = await self.statistics.list_days(query.days)
        return SyncStatisticsView(
            min_group_size=MIN_GROUP_SIZE,
            clients=[
                ClientDayView(
                    day=one.day,
                    family=one.family,
                    accounts=round_down(one.accounts),
                    reads=round_down(one.reads),
                    writes=round_down(one.writes),
                    lists=round_down(one.lists),
                )
                for one in clients
            ],
            storage=[
                StorageDayView(day=one.day, accounts=one.accounts, bytes=one.bytes, sizes=one.sizes) for one in storage
            ],
        )

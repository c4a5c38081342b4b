"""The statistics of the service, for everybody (C11)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.sync.domain.statistics import LEAST, rounded
from services.sync.service.statistics import MOST_DAYS, Counting
from shared.web import PUBLIC, Call, Query, Route, View, get


class StatisticsQuery(Query):
    """How many of the last days."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 30


class ClientDayView(View):
    """What the accounts with one family of clients did on one day."""

    day: str
    family: str
    accounts: int
    reads: int
    writes: int
    lists: int


class StorageDayView(View):
    """How much was stored on one day, and by how many accounts of each size."""

    day: str
    accounts: int
    bytes: int
    sizes: dict[str, int]


class StatisticsView(View):
    """Figures of days that are over; none is of fewer than *minimum_group* accounts, all are rounded down."""

    minimum_group: int
    clients: list[ClientDayView]
    storage: list[StorageDayView]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsApi:
    """The handler."""

    counting: Counting

    def routes(self) -> tuple[Route, ...]:
        """Return the route of the statistics."""
        return (get("/v1/sync/statistics", self.read, access=PUBLIC, summary="Read the statistics of the service"),)

    async def read(self, _call: Call, query: StatisticsQuery) -> StatisticsView:
        """Return what is published."""
        clients, storage = await self.counting.days(query.days)
        return StatisticsView(
            minimum_group=LEAST,
            clients=[
                ClientDayView(
                    day=one.day,
                    family=one.family,
                    accounts=rounded(one.accounts),
                    reads=rounded(one.reads),
                    writes=rounded(one.writes),
                    lists=rounded(one.lists),
                )
                for one in clients
            ],
            storage=[
                StorageDayView(day=one.day, accounts=one.accounts, bytes=one.bytes, sizes=one.sizes) for one in storage
            ],
        )

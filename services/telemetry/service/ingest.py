"""Stores reports that wait at the same time by one insertion, because each one waits for the disk.

An insertion and two look-ups in place of a transaction: a report that is accepted was stored while its week was open,
so the release counts it. One that is refused because its week was closed at the same moment is removed again, and the
release may have counted it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.telemetry.domain import RefusalReason, StoredReport, Token, UsageReport, Week
from services.telemetry.errors import ReportsOverloadedError
from services.telemetry.store import Reports, Weeks, report_id_of

MAX_BATCH: Final = 500
"""Reports in one insertion."""
MAX_WAITING: Final = 10_000
"""Reports that wait; more are refused as overload."""


class IncomingReport(NamedTuple):
    """A report that passed all checks but the one whether its token is spent."""

    week: Week
    token: Token
    usage: UsageReport


class _Waiting(NamedTuple):
    report: IncomingReport
    outcome: "asyncio.Future[RefusalReason | None]"


class ReportIngest:
    """Stores each report once, and none of a week that is closed."""

    def __init__(self, reports: Reports, weeks: Weeks) -> None:
        self._reports, self._weeks = reports, weeks
        self._waiting: list[_Waiting] = []
        self._known: set[Week] = set()
        self._worker: asyncio.Task[None] | None = None

    async def store_many(self, reports: Sequence[IncomingReport]) -> list[RefusalReason | None]:
        """Store *reports* and return, in their order, why one was not stored; None for one that was.

        Raises ReportsOverloadedError when too many wait.
        """
        if not reports:
            return []
        if len(self._waiting) + len(reports) > MAX_WAITING:
            raise ReportsOverloadedError
        loop = asyncio.get_running_loop()
        mine = [_Waiting(report, loop.create_future()) for report in reports]
        self._waiting += mine
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._store_waiting())
        if len(mine) == 1:
            return [await mine[0].outcome]
        return list(await asyncio.gather(*(one.outcome for one in mine)))

    async def _store_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            # gather instead of except: whatever went wrong is the outcome of each request of the batch.
            [stored] = await asyncio.gather(self._store([one.report for one in batch]), return_exceptions=True)
            for place, one in enumerate(batch):
                if one.outcome.done():  # the client has gone
                    continue
                if isinstance(stored, BaseException):
                    one.outcome.set_exception(stored)
                else:
                    one.outcome.set_result(stored[place])

    async def _store(self, batch: Sequence[IncomingReport]) -> list[RefusalReason | None]:
        weeks = {each.week for each in batch}
        for week in weeks - self._known:
            await self._weeks.ensure_known(week)
            self._known.add(week)
        by_id = {report_id_of(each.token): each for each in batch}
        spent = await self._reports.add_missing(_stored(each) for each in by_id.values())
        inserted = by_id.keys() - spent
        # Looked up after the insertion: a week that is still open then was open when the reports were stored.
        closed, deleted = await asyncio.gather(self._weeks.list_closed(weeks), self._reports.list_deleted(inserted))
        late = {report_id for report_id in inserted if by_id[report_id].week in closed}
        if unwanted := late | deleted:
            await self._reports.remove_many(unwanted)
        return _outcomes(batch, spent=spent | deleted, closed=closed)


def _outcomes(batch: Sequence[IncomingReport], *, spent: set[str], closed: set[Week]) -> list[RefusalReason | None]:
    outcomes: list[RefusalReason | None] = []
    for each in batch:
        report_id = report_id_of(each.token)
        if each.week in closed:
            outcomes.append(RefusalReason.WEEK_RELEASED)
        elif report_id in spent:
            outcomes.append(RefusalReason.TOKEN_SPENT)
        else:
            spent.add(report_id)  # the same token again in this batch
            outcomes.append(None)
    return outcomes


def _stored(each: IncomingReport) -> StoredReport:
    return StoredReport(stream=each.week.stream, token=each.token, usage=each.usage, week_closed_at=each.week.closed_at)

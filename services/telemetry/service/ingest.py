"""Stores reports that wait at the same time in one transaction, because each commit waits for the disk."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.telemetry.domain import RefusalReason, StoredReport, Token, UsageReport, Week
from services.telemetry.errors import ReportsOverloadedError
from services.telemetry.store import Reports, Weeks, report_id_of
from shared.mongo import DuplicateError, Transact

MAX_BATCH: Final = 500
"""Reports in one transaction."""
MAX_WAITING: Final = 10_000
"""Reports that wait; more are refused as overload."""
ATTEMPTS: Final = 5
"""Attempts at a batch that another process spends tokens of."""


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

    def __init__(self, reports: Reports, weeks: Weeks, transact: Transact) -> None:
        self._reports, self._weeks, self._transact = reports, weeks, transact
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
        for week in {each.week for each in batch} - self._known:
            await self._weeks.ensure_known(week)
            self._known.add(week)
        for attempt in range(ATTEMPTS):
            try:
                return await self._transact(lambda: self._store_once(batch))
            except DuplicateError:  # another process has just spent one of the tokens: look again
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _store_once(self, batch: Sequence[IncomingReport]) -> list[RefusalReason | None]:
        closed = {week for week in {each.week for each in batch} if not await self._weeks.lock_open(week)}
        spent = await self._reports.list_spent({report_id_of(each.token) for each in batch})
        outcomes: list[RefusalReason | None] = []
        fresh: list[StoredReport] = []
        for each in batch:
            report_id = report_id_of(each.token)
            if each.week in closed:
                outcomes.append(RefusalReason.WEEK_RELEASED)
            elif report_id in spent:
                outcomes.append(RefusalReason.TOKEN_SPENT)
            else:
                spent.add(report_id)
                outcomes.append(None)
                fresh.append(_stored(each))
        await self._reports.add_many(fresh)
        return outcomes


def _stored(each: IncomingReport) -> StoredReport:
    return StoredReport(stream=each.week.stream, token=each.token, usage=each.usage, week_closed_at=each.week.closed_at)

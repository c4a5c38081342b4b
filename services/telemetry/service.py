"""Collects opt-ins and reports, and publishes statistics."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.telemetry.domain import (
    CURRENT_QUESTION,
    CellCounter,
    OptIn,
    Release,
    WeeklyReport,
    is_week_over,
    iso_week,
    suppress_small_cells,
    to_bucket,
)
from services.telemetry.errors import (
    InvalidQuestionVersionError,
    OptInRequiredError,
    QuestionOutdatedError,
    ReleasableWeekNotFoundError,
    WeekAlreadyReleasedError,
)
from services.telemetry.store import OptIns, Releases, WeeklyReports
from shared.bus import Outbox
from shared.contracts import telemetry_v1
from shared.ids import NewId
from shared.mongo import Transact
from shared.privacy import EraseSubject, ErasureResult, ExportPage

EXPORT_NOTE = "Telemetry knows installations, not accounts: nothing that it stores can be linked to you or anyone else."


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """A report as the app sent it, with exact counters."""

    program: str
    version: str
    os: str
    locale: str
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryService:
    """Stores opt-ins and reports, deletes them on withdrawal, and publishes releases."""

    opt_ins: OptIns
    reports: WeeklyReports
    releases: Releases
    outbox: Outbox
    transact: Transact
    new_id: NewId
    min_group_size: int
    release_open_weeks: bool

    async def create_opt_in(self, question_version: int, *, at: datetime) -> OptIn:
        """Store the opt-in of a new installation; raises InvalidQuestionVersionError."""
        if question_version != CURRENT_QUESTION.version:
            raise InvalidQuestionVersionError(f"the current question has version {CURRENT_QUESTION.version}")
        opt_in = OptIn(installation=self.new_id("ins"), question_version=question_version, granted_at=at)
        await self.opt_ins.add(opt_in)
        return opt_in

    async def delete_opt_in(self, installation: str) -> None:
        """Delete an opt-in and its unpublished reports; an unknown installation is no error."""

        async def delete() -> None:
            await self.opt_ins.delete(installation)
            await self.reports.delete_by_installation(installation)

        await self.transact(delete)

    async def submit_report(
        self, installation: str, question_version: int, usage: UsageReport, *, at: datetime
    ) -> None:
        """Store the report of the current week; a second one replaces the first (C03).

        Raises OptInRequiredError and QuestionOutdatedError.
        """

        async def store_report() -> None:
            opt_in = await self.opt_ins.lock(installation)
            if opt_in is None:
                raise OptInRequiredError
            if not opt_in.question_version == question_version == CURRENT_QUESTION.version:
                raise QuestionOutdatedError
            await self.reports.put(_coarsen(installation, usage, at))

        await self.transact(store_report)

    async def publish_release(self, week: str | None, *, idempotency_key: str, at: datetime) -> Release:
        """Publish *week*, or the oldest week that can be released; once for each week and *idempotency_key*.

        Raises ReleasableWeekNotFoundError and WeekAlreadyReleasedError.
        """
        earlier = await self.releases.get_by_idempotency_key(idempotency_key)
        if earlier is not None:
            return earlier
        chosen = week or await self._next_releasable_week(at)
        if chosen is None or not self._is_releasable(chosen, at):
            raise ReleasableWeekNotFoundError
        counter = CellCounter()
        async for report in self.reports.iter_by_week(chosen):
            counter.add(report)
        if counter.n < self.min_group_size:
            raise ReleasableWeekNotFoundError(f"there are too few reports for {chosen}")
        release = Release(
            release_id=self.new_id("rel"),
            week=chosen,
            n=counter.n,
            min_group_size=self.min_group_size,
            cells=suppress_small_cells(counter.dimensions, min_group_size=self.min_group_size),
            published_at=at,
        )
        await self._publish(release, idempotency_key)
        return release

    async def list_releases(self) -> list[Release]:
        """Return the published releases, the newest week first."""
        return await self.releases.list_newest()

    async def _publish(self, release: Release, idempotency_key: str) -> None:
        event = telemetry_v1.ReleasePublished(
            release_id=release.release_id, week=release.week, cell_count=len(release.cells)
        )
        event.published_at.FromDatetime(release.published_at)

        async def publish() -> None:
            if not await self.releases.add(release, idempotency_key=idempotency_key):
                raise WeekAlreadyReleasedError
            await self.outbox.put(event)

        await self.transact(publish)

    async def _next_releasable_week(self, at: datetime) -> str | None:
        released = await self.releases.list_weeks()
        enough = {week for week, count in (await self.reports.count_by_week()).items() if count >= self.min_group_size}
        return min((week for week in enough - released if self._is_releasable(week, at)), default=None)

    def _is_releasable(self, week: str, at: datetime) -> bool:
        return self.release_open_weeks or is_week_over(week, at)


def _coarsen(installation: str, usage: UsageReport, at: datetime) -> WeeklyReport:
    counters = {name: to_bucket(count) for name, count in usage.counters.items()}
    return WeeklyReport(
        installation=installation,
        week=iso_week(at),
        program=usage.program,
        version=usage.version,
        os=usage.os,
        locale=usage.locale,
        counters=counters,
        received_at=at,
    )


@dataclass(frozen=True, slots=True)
class AccountEraser:
    """Erases what the chassis stores of an account (the replies to a member of staff); telemetry stores no account."""

    erase_subject: EraseSubject

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:  # noqa: ARG002 - the protocol has a time
        """Delete it; telemetry stores nothing else of an account (C31)."""
        return ErasureResult(erased_counts=await self.erase_subject(account_id))


class AccountExport:
    """Exports one page that says why there is nothing to export (C26)."""

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:  # noqa: ARG002 - the same page for everyone
        """Return the only page."""
        content = json.dumps({"note": EXPORT_NOTE, "records": []}, indent=2).encode()
        return ExportPage([("data.json", content)])

"""What telemetry does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.telemetry.domain import QUESTION, OptIn, Release, Report, Tally, bucket, is_over, publishable, week_of
from services.telemetry.errors import (
    AlreadyReleasedError,
    NoOptInError,
    NothingToReleaseError,
    StaleQuestionError,
    UnknownQuestionError,
)
from services.telemetry.store import OptIns, Releases, Reports
from shared.bus import Outbox
from shared.contracts import telemetry_v1
from shared.ids import NewId

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a report says, before it is made coarse."""

    program: str
    version: str
    os: str
    locale: str
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Opt in, report, withdraw, release."""

    opt_ins: OptIns
    reports: Reports
    releases: Releases
    outbox: Outbox
    transact: Transact
    new_id: NewId
    minimum_group: int
    release_open_weeks: bool

    async def opt_in(self, question_version: int, *, at: datetime) -> OptIn:
        """Keep the yes of a new installation to the current question."""
        if question_version != QUESTION.version:
            raise UnknownQuestionError(f"the current question has version {QUESTION.version}")
        said_yes = OptIn(installation=self.new_id("ins"), question_version=question_version, granted_at=at)
        await self.opt_ins.add(said_yes)
        return said_yes

    async def withdraw(self, installation: str) -> None:
        """Forget the yes and every report that is not yet part of a figure; unknown installations are fine."""

        async def forget() -> None:
            await self.opt_ins.remove(installation)
            await self.reports.remove_of(installation)

        await self.transact(forget)

    async def report(self, installation: str, question_version: int, usage: Usage, *, at: datetime) -> None:
        """Take the report of one week; a second one of the same week replaces the first (C03)."""

        async def take() -> None:
            said_yes = await self.opt_ins.claim(installation)
            if said_yes is None:
                raise NoOptInError
            if not said_yes.question_version == question_version == QUESTION.version:
                raise StaleQuestionError
            await self.reports.put(_coarse(installation, usage, at))

        await self.transact(take)

    async def release(self, week: str | None, *, operation: str, at: datetime) -> Release:
        """Publish the statistics of *week*, or of the oldest that waits; a week once, an *operation* once."""
        earlier = await self.releases.of_operation(operation)
        if earlier is not None:
            return earlier
        chosen = week or await self._waiting(at)
        if chosen is None or not self._closed(chosen, at):
            raise NothingToReleaseError
        tally = Tally()
        async for report in self.reports.of_week(chosen):
            tally.add(report)
        if tally.n < self.minimum_group:
            raise NothingToReleaseError(f"too few reports for {chosen}: their number itself is about a small group")
        made = Release(
            release_id=self.new_id("rel"),
            week=chosen,
            n=tally.n,
            minimum_group=self.minimum_group,
            cells=publishable(tally.dimensions, minimum_group=self.minimum_group),
            published_at=at,
        )
        await self._publish(made, operation)
        return made

    async def statistics(self) -> list[Release]:
        """Return what is public, the newest week first."""
        return await self.releases.newest()

    async def _publish(self, made: Release, operation: str) -> None:
        fact = telemetry_v1.ReleasePublished(release_id=made.release_id, week=made.week, cells=len(made.cells))
        fact.published_at.FromDatetime(made.published_at)

        async def publish() -> None:
            if not await self.releases.add(made, operation=operation):
                raise AlreadyReleasedError
            await self.outbox.put(fact)

        await self.transact(publish)

    async def _waiting(self, at: datetime) -> str | None:
        released = await self.releases.weeks()
        enough = {week for week, count in (await self.reports.weeks()).items() if count >= self.minimum_group}
        return min((week for week in enough - released if self._closed(week, at)), default=None)

    def _closed(self, week: str, at: datetime) -> bool:
        return self.release_open_weeks or is_over(week, at)


def _coarse(installation: str, usage: Usage, at: datetime) -> Report:
    counters = {name: bucket(count) for name, count in usage.counters.items()}
    return Report(
        installation=installation,
        week=week_of(at),
        program=usage.program,
        version=usage.version,
        os=usage.os,
        locale=usage.locale,
        counters=counters,
        received_at=at,
    )

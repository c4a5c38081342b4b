"""The public statistics: releases as the public sees them, and the budget ledger."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.telemetry.domain import Stream
from services.telemetry.domain.budget import BudgetEntry, YearlyBudget
from services.telemetry.domain.publication import Publication, build_publication
from services.telemetry.domain.releases import Release
from services.telemetry.errors.statistics import ReleaseNotFoundError
from services.telemetry.store.budget import BudgetLedger
from services.telemetry.store.releases import Releases


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRelease:
    """A release and what the public sees of it."""

    release: Release
    publication: Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerYear:
    """The budget ledger of one stream and year."""

    budget: YearlyBudget
    entries: list[BudgetEntry]
    years: list[int]
    """The years that have spent something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatistics:
    """Reads releases and their budget ledger; it cannot read a report."""

    releases: Releases
    budget: BudgetLedger
    yearly_limit_micros: Mapping[Stream, int]

    async def list_releases(self, stream: Stream, limit: int) -> list[PublishedRelease]:
        """Return the *limit* newest releases, the newest week first."""
        return [_publish(release) for release in await self.releases.list_newest(stream, limit)]

    async def get_release(self, week: str) -> PublishedRelease:
        """Return the release of *week*; ReleaseNotFoundError when there is none."""
        release = await self.releases.get(week)
        if release is None:
            raise ReleaseNotFoundError
        return _publish(release)

    async def get_ledger(self, stream: Stream, year: int) -> LedgerYear:
        """Return the budget ledger of *year*; a year without a release has no entry."""
        limit = self.yearly_limit_micros[stream]
        return LedgerYear(
            budget=await self.budget.get_year(stream, year, limit_micros=limit),
            entries=await self.budget.list_by_year(stream, year),
            years=await self.budget.list_years(stream),
        )


def _publish(release: Release) -> PublishedRelease:
    return PublishedRelease(release=release, publication=build_publication(release))

"""The probes of the promises that telemetry owns."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.telemetry.domain import QUESTION, StoredReport, Stream, decode_bytes
from services.telemetry.domain.audit import find_draw_faults, find_ledger_faults, find_open_values
from services.telemetry.domain.budget import BudgetEntry
from services.telemetry.domain.releases import Release
from services.telemetry.ports import TokenKeys, Visitor, Website, WebsiteUnavailableError
from services.telemetry.store import BudgetLedger, Releases, Reports
from shared.clock import Clock
from shared.promises import Finding, Probe, broken_finding, kept_finding, unknown_finding

MAX_RELEASES: Final = 53
"""The newest releases of each stream that a check reads: those of a year."""
MAX_NAMED: Final = 5
SAMPLE_SIZE: Final = 500
"""Random reports that a check reads, so that its cost does not grow with the collection."""
CHUNK_SIZE: Final = 25
"""Tokens that are recomputed without a pause, about two milliseconds: requests are served in between."""
MAX_NAMED_PROBLEMS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryProbes:
    """Checks the stored documents, not the code that stores them."""

    reports: Reports
    keys: TokenKeys
    clock: Clock

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C03", self.token_proves_opt_in),)

    async def token_proves_opt_in(self) -> Finding:
        """C03: every stored report has a token of its week that only a live yes to the question in force can have."""
        reports = await self.reports.sample_reports(SAMPLE_SIZE)
        unproven = await self._count_unproven(reports)
        outdated = sum(report.token.question_version != QUESTION.version for report in reports)
        early = sum(report.week_closed_at > self.clock() for report in reports)
        evidence = (
            f"of {len(reports)} reports: {unproven} without a token that verifies, {outdated} of another question, "
            f"{early} of a week that is not over"
        )
        return (broken_finding if unproven or outdated or early else kept_finding)(len(reports), evidence)

    async def _count_unproven(self, reports: Sequence[StoredReport]) -> int:
        unproven = 0
        for place in range(0, len(reports), CHUNK_SIZE):
            unproven += sum(not self._is_proven(report) for report in reports[place : place + CHUNK_SIZE])
            await asyncio.sleep(0)
        return unproven

    def _is_proven(self, report: StoredReport) -> bool:
        token = report.token
        try:
            stream, number = Stream(report.stream), decode_bytes(token.number)
        except ValueError:
            return False
        return self.keys.verify(
            number, token.evaluation, stream=stream, question_version=token.question_version, week=token.week
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsProbes:
    """Checks what is released, its ledger, and that usage reports can be made from nothing else."""

    releases: Releases
    budget: BudgetLedger
    limits: Mapping[Stream, int]

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C08", self.usage_reports_name_no_subject), Probe("C15", self.releases_are_drawn_and_charged))

    async def usage_reports_name_no_subject(self) -> Finding:
        """C08: a usage report is made of releases, and a release has closed values only: none names a subject."""
        releases = await self._list_releases()
        named = [f"{release.week} {fault}" for release in releases for fault in find_open_values(release)]
        if named:
            return broken_finding(len(named), f"values outside the closed lists: {', '.join(named[:MAX_NAMED])}")
        figures = sum(len(table.counts) for release in releases for table in release.tables)
        return kept_finding(
            figures, f"{figures} figures of {len(releases)} releases, the only source of usage reports, name no subject"
        )

    async def releases_are_drawn_and_charged(self) -> Finding:
        """C15: every cell of each release was drawn at the stated scale, and the ledger has its cost, within budget."""
        releases, entries = await self._list_releases(), await self.budget.list_all()
        faults = [
            *find_ledger_faults(releases, entries),
            *(f"{release.week} {fault}" for release in releases for fault in find_draw_faults(release)),
            *await self._find_budget_faults(entries),
        ]
        figures = sum(len(table.counts) for release in releases for table in release.tables)
        if faults:
            return broken_finding(len(faults), f"{len(faults)} faults: {', '.join(faults[:MAX_NAMED])}")
        return kept_finding(
            figures,
            f"{figures} figures of {len(releases)} releases, each drawn; {len(entries)} entries of the budget ledger, "
            "each year within its budget",
        )

    async def _find_budget_faults(self, entries: Sequence[BudgetEntry]) -> list[str]:
        spent: Counter[tuple[Stream, int]] = Counter()
        for entry in entries:
            spent[entry.stream, entry.year] += entry.epsilon_micros
        found = []
        for (stream, year), micros in spent.items():
            budget = await self.budget.get_year(stream, year, limit_micros=self.limits[stream])
            if budget.spent_micros != micros:
                found.append(f"{stream} {year} counts {budget.spent_micros} millionths, its entries {micros}")
            if micros > budget.limit_micros:
                found.append(f"{stream} {year} exceeds its budget")
        return found

    async def _list_releases(self) -> list[Release]:
        return [release for stream in Stream for release in await self.releases.list_newest(stream, MAX_RELEASES)]


PAGES_TO_READ = ("/", "/policy/usage", "/statistics", "/account/log-in")
"""What a visitor reads who does not log in."""
PAGE_VIEW_SCRIPT = "page-views.js"
_SIGNALS = ("Sec-GPC", "DNT")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsiteProbes:
    """Checks what the website really sends to a visitor."""

    website: Website

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C02", self.website_sets_only_listed_cookies),)

    async def website_sets_only_listed_cookies(self) -> Finding:
        """C02: pages set no cookie for a reader and none that is not listed, and count no view against a signal."""
        try:
            async with self.website.open_visitor() as visitor:
                return await _check_website(visitor)
        except WebsiteUnavailableError as fault:
            return unknown_finding(f"the website cannot be checked: {fault}")


async def _check_website(visitor: Visitor) -> Finding:
    register = await visitor.get_register()
    # A session that no longer opens makes the website set cookies, to delete them.
    stale = {"Cookie": "; ".join(f"{name}=stale" for name in sorted(register.cookies))}
    problems: list[str] = []
    seen: set[str] = set()
    for path in PAGES_TO_READ:
        read, returned = await visitor.get_page(path), await visitor.get_page(path, stale)
        seen.update(returned.cookies)
        problems += [f"{path} sets {name} for a reader" for name in read.cookies]
        problems += [f"{path} sets {name}, which is not listed" for name in {*returned.cookies} - register.cookies]
        if PAGE_VIEW_SCRIPT in read.text and not register.counts_page_views:
            problems.append(f"{path} counts its views without saying so")
        for signal in _SIGNALS:
            if PAGE_VIEW_SCRIPT in (await visitor.get_page(path, {signal: "1"})).text:
                problems.append(f"{path} counts its views in spite of {signal}")
    responses = len(PAGES_TO_READ) * (2 + len(_SIGNALS))
    if problems:
        return broken_finding(responses, "; ".join(problems[:MAX_NAMED]))
    return kept_finding(responses, f"{responses} responses, {len(seen)} cookies set, all of them listed")

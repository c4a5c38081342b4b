"""The probes of the promises that telemetry owns."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.telemetry.domain import QUESTION, StoredReport, Stream, decode_bytes
from services.telemetry.ports import TokenKeys
from services.telemetry.store import Reports
from shared.clock import Clock
from shared.promises import Finding, Probe, broken_finding, kept_finding

SAMPLE_SIZE: Final = 500
"""Random reports that a check reads, so that its cost does not grow with the collection."""
CHUNK_SIZE: Final = 25
"""Tokens that are recomputed without a pause, about two milliseconds: requests are served in between."""


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

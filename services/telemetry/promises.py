"""The probes of the promises that telemetry owns."""

from dataclasses import dataclass

from services.telemetry.domain import disclosure_risks
from services.telemetry.store import OptIns, Releases, WeeklyReports
from shared.promises import Finding, Probe, broken_finding, kept_finding

SAMPLE_SIZE = 2_000
"""The number of newest reports that a check reads, so that its cost does not grow with the collection."""
MAX_NAMED_CELLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryProbes:
    """Checks the stored documents, not the code that stores them."""

    opt_ins: OptIns
    reports: WeeklyReports
    releases: Releases

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C03", self.opt_in_covers_report), Probe("C15", self.groups_are_large_enough))

    async def opt_in_covers_report(self) -> Finding:
        """C03: every stored report has an opt-in that covers its time."""
        reports = await self.reports.list_newest(SAMPLE_SIZE)
        opt_ins = await self.opt_ins.get_many(sorted({report.installation for report in reports}))
        without = sum(
            1
            for report in reports
            if report.installation not in opt_ins or not opt_ins[report.installation].allows(report.received_at)
        )
        evidence = f"{without} of the {len(reports)} newest reports without an opt-in that covers their time"
        return (broken_finding if without else kept_finding)(len(reports), evidence)

    async def groups_are_large_enough(self) -> Finding:
        """C15: no published count is below the minimum group size, nor reveals such a count by subtraction."""
        releases = await self.releases.list_newest()
        figures = sum(len(release.cells) for release in releases)
        small = [
            f"{release.week} {dimension}"
            for release in releases
            for dimension in disclosure_risks(release.cells, n=release.n, min_group_size=release.min_group_size)
        ]
        small += [f"{release.week} n" for release in releases if release.n < release.min_group_size]
        if small:
            return broken_finding(figures, f"counts below the minimum group size: {', '.join(small[:MAX_NAMED_CELLS])}")
        return kept_finding(
            figures, f"{figures} published counts of {len(releases)} weeks, none below the minimum group size"
        )

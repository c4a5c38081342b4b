"""The probes of the promises that telemetry owns."""

from dataclasses import dataclass

from services.telemetry.domain import revealed
from services.telemetry.store import OptIns, Releases, Reports
from shared.promises import Finding, Probe, broken, kept

SAMPLE = 2_000
"""How many of the newest reports a look covers: its cost does not grow with what is stored."""
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryProbes:
    """Looks at what is stored, not at what the code means to store."""

    opt_ins: OptIns
    reports: Reports
    releases: Releases

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C03", self.permission), Probe("C15", self.groups))

    async def permission(self) -> Finding:
        """C03: no stored report without an opt-in that covers its time."""
        reports = await self.reports.latest(SAMPLE)
        opt_ins = await self.opt_ins.installations(sorted({report.installation for report in reports}))
        without = sum(
            1
            for report in reports
            if report.installation not in opt_ins or not opt_ins[report.installation].covers(report.received_at)
        )
        evidence = f"{without} of the {len(reports)} newest reports without an opt-in that covers their time"
        return (broken if without else kept)(len(reports), evidence)

    async def groups(self) -> Finding:
        """C15: no public figure is about fewer than the minimum group, not even one that a subtraction reveals."""
        releases = await self.releases.newest()
        figures = sum(len(release.cells) for release in releases)
        small = [
            f"{release.week} {dimension}"
            for release in releases
            for dimension in revealed(release.cells, n=release.n, minimum_group=release.minimum_group)
        ]
        small += [f"{release.week} n" for release in releases if release.n < release.minimum_group]
        if small:
            return broken(figures, f"figures about too few: {', '.join(small[:NAMED])}")
        return kept(figures, f"{figures} public figures of {len(releases)} weeks, none about fewer than its group")

"""The probes of the promises that telemetry owns."""

from dataclasses import dataclass

from services.telemetry.store import OptIns, Releases, Reports
from shared.promises import Finding, Probe, broken, kept

SAMPLE = 2_000
"""How many of the newest reports a look covers: its cost does not grow with what is stored."""


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
        """C15: no published figure below its minimum group. The noise budget is looked at once there is noise."""
        cells = [(cell, release) for release in await self.releases.newest() for cell in release.cells]
        small = sum(1 for cell, release in cells if cell.count < release.minimum_group)
        evidence = f"{small} of {len(cells)} published figures below the minimum group"
        return (broken if small else kept)(len(cells), evidence)

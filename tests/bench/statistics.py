"""Public statistics: a week of a million raw reports is counted, released and deleted."""

import asyncio
import json
import sys

from tests.bench.figure import Area, Bench, Figure, ours_below

AREA = Area("statistics")
REPORTS = 1_000_000
SECONDS, MEMORY_MIB = 60.0, 400.0


@AREA.measures
async def releasing(bench: Bench) -> list[Figure]:
    """Release a week of a million reports with OpenDP's noise."""
    bench.tell(f"storing {REPORTS:,} reports, then releasing their week")
    words = ("-m", "tests.bench.statistics_run", "--mongo", bench.mongo_url, "--count", str(REPORTS))
    child = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError("the release failed")
    found = json.loads(output)
    grown = (found["peak_mib"] - found["before_mib"]) * 1024 * 1024 / REPORTS
    return [
        Figure(
            name="statistics: a million reports counted, released and deleted",
            ours=found["seconds"],
            reference=None,
            unit="s",
            goal=ours_below(SECONDS, "s"),
            note=f"{found['left']} raw reports left",
        ),
        Figure(
            name="statistics: peak memory of that release",
            ours=found["peak_mib"],
            reference=None,
            unit="MiB",
            goal=ours_below(MEMORY_MIB, "MiB"),
            note=f"{grown:.1f} bytes more for each report",
        ),
    ]

"""Leaving a program: what a yes to usage reports costs it, in each of the worlds that its tests know."""

from contextlib import ExitStack
from statistics import median

from shared.ids import new_id
from tests.bench.figure import Area, Bench, Figure, ours_below
from tests.unit.telemetry_client.worlds import WORLDS, device_with_a_report_waiting, run_program

AREA = Area("telemetry-client")
RUNS = 15
LIMIT_MILLISECONDS = 20.0


@AREA.measures
async def leaving_costs(bench: Bench) -> list[Figure]:
    """Return, for each world, by how much the median run with a yes is longer than the one with a no."""
    return [
        Figure(
            name=f"leave a program with a yes: {name}",
            ours=extra_milliseconds(bench, name),
            reference=None,
            unit="ms more",
            goal=ours_below(LIMIT_MILLISECONDS, "ms"),
            note=f"median of {RUNS} runs in turn, Python's start included in both",
        )
        for name in WORLDS
    ]


def extra_milliseconds(bench: Bench, name: str) -> float:
    """Return the extra time of the world *name*."""
    folder = bench.folder / new_id("device")
    with device_with_a_report_waiting(folder) as device, ExitStack() as stack:
        url, prefix = WORLDS[name](device.folder, stack)
        differences = []
        for _ in range(RUNS):
            if not prefix:
                (device.folder / "attempt").unlink(missing_ok=True)
            with_yes = run_program(device, url, prefix, device.folder)
            differences.append(with_yes - run_program(device, url, prefix, bench.folder / "refused"))
        return median(differences) * 1000

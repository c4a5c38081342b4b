"""``python -m tests.bench [AREA …]``: run the measurements, show a table, write build/bench.json.

``--base COMMIT`` measures an older commit in turn with this one; see ``tests.bench.compare``.
"""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from shared import observe
from shared.clock import monotonic
from tests.bench import (
    bounces,
    bus,
    campaign,
    charges,
    compare,
    crypto,
    edge,
    growth,
    identity,
    mail,
    payments,
    reports,
    statistics,
    sync,
    telemetry_client,
    tokens,
)
from tests.bench.figure import Area, Bench, Figure
from tests.support.parts import amqp_part, mongo_part

AREAS: tuple[Area, ...] = (
    bus.AREA,
    bus.LATENCY,
    crypto.AREA,
    mail.AREA,
    campaign.AREA,
    campaign.BASE,
    campaign.AUDIENCE,
    bounces.AREA,
    identity.AREA,
    identity.ENUMERATION,
    telemetry_client.AREA,
    tokens.AREA,
    tokens.REVOCATION,
    sync.AREA,
    sync.OTHER_SERVERS,
    growth.AREA,
    payments.AREA,
    charges.AREA,
    reports.AREA,
    statistics.AREA,
    edge.START,
    edge.AREA,
    edge.QUERY,
)
RESULT = Path("build/bench.json")
LIMIT = 600.0
"""Seconds for one area."""


async def measure(areas: list[Area], console: Console) -> list[Figure]:
    """Run *areas* on parts of their own, or on those that MONGO_URL and AMQP_URL name."""
    began = monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{monotonic() - began:6.1f} s[/dim]  {text}", highlight=False)

    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candor-bench-")))
        tell("starting the database and the broker")
        bench = Bench(
            mongo_url=await stack.enter_async_context(mongo_part(folder / "mongo")),
            amqp_url=await stack.enter_async_context(amqp_part(folder / "rabbit")),
            folder=folder,
            tell=tell,
        )
        for area in areas:
            async with asyncio.timeout(LIMIT):
                for one in area.measurements:
                    tell(f"[bold]{area.name}[/bold]: {(one.__doc__ or '').splitlines()[0]}")
                    figures += await one(bench)
    return figures


def table(figures: list[Figure]) -> Table:
    """Return what people read."""
    shown = Table(title="bench", title_justify="left")
    for column in ("what", "ours", "reference", "ratio", "unit", "goal", ""):
        shown.add_column(column, justify="right" if column in ("ours", "reference", "ratio") else "left")
    marks = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}
    for figure in figures:
        reference = "" if figure.reference is None else f"{figure.reference:,.1f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        goal = figure.goal.text if figure.goal else ""
        shown.add_row(figure.name, f"{figure.ours:,.1f}", reference, ratio, figure.unit, goal, marks[figure.met])
    return shown


def main() -> None:
    """Measure; a goal that is missed is shown and written, and the exit code stays 0."""
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(area.name for area in AREAS)}")
    parser.add_argument("--base", metavar="COMMIT", help="measure this commit in turn with the files as they are here")
    parser.add_argument("--pairs", type=int, default=compare.PAIRS, help="with --base: pairs of runs (%(default)s)")
    arguments = parser.parse_args()
    if unknown := set(arguments.areas) - {area.name for area in AREAS}:
        parser.error(f"there is no area {', '.join(sorted(unknown))}; there are {', '.join(a.name for a in AREAS)}")
    chosen = [area for area in AREAS if not arguments.areas or area.name in arguments.areas]
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 140)
    output = Console(width=None if sys.stdout.isatty() else 140)
    if arguments.base:
        sys.exit(compare.run(chosen, arguments.base, arguments.pairs, console=console, output=output))
    observe.configure_logging("bench", "error")
    figures = uvloop.run(measure(chosen, console))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([figure.to_json() for figure in figures], indent=1) + "\n", encoding="utf-8")
    output.print(table(figures))
    console.print(f"written to {RESULT}")


if __name__ == "__main__":
    main()

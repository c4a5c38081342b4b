"""Compares an older commit with the files as they are here: pairs of runs, in turn on the same machine.

A single run varies by more than a change that matters. So both sides run in turn, each with its own database and
broker; each pair gives one ratio for each line, and the median of the ratios is shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from shared.clock import monotonic
from shared.stack.settings import ROOT
from tests.bench.base import BaseError, Checkout, check_out
from tests.bench.figure import Area

PAIRS = 5
SLOWER_BELOW = 0.95
"""The ratio below which a line is marked as slower."""
RESULT = Path("build/bench-compare.json")
_UNKNOWN_AREA = 2
"""The exit code of a command line that names an area which the older commit does not have."""
_LESS_IS_BETTER = ("s", "ms", "MiB")
Lines = Mapping[str, dict[str, Any]]
"""What one run wrote: each line under its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One line over all pairs: the median of both sides, and the ratio of each pair (over 1: better than the base)."""

    name: str
    unit: str
    base: float
    now: float
    ratios: tuple[float, ...]
    """Empty for a line whose unit is no rate and no cost: it is shown and not judged."""

    @property
    def ratio(self) -> float | None:
        """The median ratio."""
        return median(self.ratios) if self.ratios else None

    @property
    def is_slower(self) -> bool:
        """Whether the line has become worse by more than measurements vary."""
        return self.ratio is not None and self.ratio < SLOWER_BELOW

    def to_json(self) -> dict[str, Any]:
        """Return the line as it is written."""
        return {
            "name": self.name,
            "unit": self.unit,
            "base": round(self.base, 4),
            "now": round(self.now, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "ratios": [round(ratio, 4) for ratio in self.ratios],
        }


def improvement(base: float, now: float, unit: str) -> float | None:
    """Return by how much *now* is better than *base* (over 1: better), None where that cannot be said.

    A rate (``requests/s``) is better when it is higher, a cost (``ms``, ``s``, ``MiB``) when it is lower.
    """
    better, worse = (base, now) if unit in _LESS_IS_BETTER else (now, base)
    if unit not in _LESS_IS_BETTER and "/" not in unit:
        return None
    return better / worse if worse else None


def compare_lines(pairs: Sequence[tuple[Lines, Lines]]) -> list[Comparison]:
    """Return the lines that both sides of every pair (base, now) have, in the order of now."""
    if not pairs:
        return []
    names = [name for name in pairs[0][1] if all(name in base and name in now for base, now in pairs)]
    return [_compare_line(name, pairs) for name in names]


def _compare_line(name: str, pairs: Sequence[tuple[Lines, Lines]]) -> Comparison:
    unit = pairs[0][1][name]["unit"]
    values = [(float(base[name]["ours"]), float(now[name]["ours"])) for base, now in pairs]
    found = [improvement(base, now, unit) for base, now in values]
    return Comparison(
        name=name,
        unit=unit,
        base=median(base for base, _ in values),
        now=median(now for _, now in values),
        ratios=tuple(ratio for ratio in found if ratio is not None),
    )


def run(
    areas: Sequence[Area], commit: str, pairs: int, *, console: Console, output: Console, repository: Path = ROOT
) -> int:
    """Measure *areas* in pairs with *commit*; show and write the ratios. Return the exit code."""
    compared: list[Comparison] = []
    try:
        base = check_out(commit, repository)
        for area in areas:
            compared += compare_lines(measure_pairs(area, base, Checkout(repository), pairs, console=console))
    except BaseError as fault:
        console.print(f"✗ {fault}", highlight=False, markup=False)
        return 1
    result = repository / RESULT
    result.write_text(json.dumps([each.to_json() for each in compared], indent=1) + "\n", encoding="utf-8")
    output.print(table(compared, f"{base.root.name} and now, {pairs} pairs"))
    console.print(f"written to {RESULT}")
    return 0


def measure_pairs(
    area: Area, base: Checkout, now: Checkout, pairs: int, *, console: Console
) -> list[tuple[Lines, Lines]]:
    """Run *area* on both sides, *pairs* times; the side that goes first changes from pair to pair."""
    began, done = monotonic(), list[tuple[Lines, Lines]]()
    for number in range(pairs):
        sides = [("base", base), ("now", now)]
        found: dict[str, Lines] = {}
        for side, checkout in sides if number % 2 == 0 else reversed(sides):
            seconds = monotonic() - began
            console.print(f"{seconds:6.1f} s  {area.name}: pair {number + 1} of {pairs}, {side}", highlight=False)
            found[side] = measure(area, checkout)
        done.append((found["base"], found["now"]))
        left = (monotonic() - began) / (number + 1) * (pairs - number - 1)
        console.print(f"{monotonic() - began:6.1f} s  about {left / 60:.1f} min left", highlight=False)
    return done


def measure(area: Area, checkout: Checkout) -> Lines:
    """Run *area* once in *checkout*; return its lines. Raise BaseError when it fails."""
    # An older commit knows no other file; the figures of the last `make bench` are therefore written over.
    result = checkout.root / "build" / "bench.json"
    result.unlink(missing_ok=True)
    ended = checkout.run_area(area.name)
    if ended.returncode == _UNKNOWN_AREA and area.former_name:
        ended = checkout.run_area(area.former_name)
    if ended.returncode or not result.exists():
        why = "\n".join((ended.stderr or ended.stdout).splitlines()[-15:])
        raise BaseError(f"{area.name} could not be measured in {checkout.root}:\n{why}")
    return read_lines(result)


def read_lines(result: Path) -> Lines:
    """Return the lines that a run wrote into *result*, by name."""
    return {line["name"]: line for line in json.loads(result.read_text(encoding="utf-8"))}


def table(compared: Sequence[Comparison], title: str) -> Table:
    """Return the table that is printed."""
    shown = Table(title=title, title_justify="left")
    for column in ("what", "base", "now", "ratio", "least – most", "unit", ""):
        shown.add_column(column, justify="left" if column in ("what", "unit", "") else "right")
    for each in compared:
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        spread = f"{min(each.ratios):.2f} – {max(each.ratios):.2f}" if each.ratios else ""
        mark = "[red]slower[/red]" if each.is_slower else ""
        shown.add_row(each.name, f"{each.base:,.1f}", f"{each.now:,.1f}", ratio, spread, each.unit, mark)
    return shown

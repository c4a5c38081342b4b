"""``python -m tests.chaos [SCENE …]`` (``make chaos``): break parts under load, show what held, write build/chaos.json.

Exit 0 when every scene held, 1 when one did not, 2 when there is no such scene.
"""

import json
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.markup import escape

from shared.clock import monotonic
from shared.stack.install.progress import run_program
from tests.chaos.scenes import SCENES, Scene

REPORT = Path("build/chaos.json")
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneResult:
    """How one scene went: a line of build/chaos.json."""

    name: str
    title: str
    held: bool
    seconds: float
    figures: dict[str, str] = field(default_factory=dict)
    """What the test recorded, by name."""
    detail: str = ""
    """The end of what pytest printed; empty when the scene held."""


def play(scene: Scene, *, folder: Path) -> SceneResult:
    """Run the test of *scene*, showing that it moves; pytest's own record goes into *folder*."""
    os.environ["CANDOR_CHAOS"] = "1"  # a scene that has a short version for `make test` plays the long one
    record, began = folder / f"{scene.name}.xml", monotonic()
    ended = run_program(
        f"{scene.name}: {scene.title}",
        # The newer family of records has no properties, and with it record_property is a warning, which is an error.
        [*_PYTEST, "-o", "junit_family=xunit1", f"--junitxml={record}", scene.test],
    )
    figures, skipped = read_record(record)
    held = ended.exit_code == 0 and not skipped
    return SceneResult(
        name=scene.name,
        title=scene.title,
        held=held,
        seconds=round(monotonic() - began, 1),
        figures=figures,
        detail="" if held else "\n".join(ended.tail),
    )


def read_record(record: Path) -> tuple[dict[str, str], bool]:
    """Return what the tests recorded, and whether one was skipped; a scene that did not run has not held."""
    if not record.exists():
        return {}, True
    tree = ET.parse(record)
    figures = {each.attrib["name"]: each.attrib["value"] for each in tree.iter("property")}
    return figures, next(tree.iter("skipped"), None) is not None


def run(scenes: Sequence[Scene], console: Console) -> list[SceneResult]:
    """Play *scenes* one after the other; tell of each as it ends."""
    results: list[SceneResult] = []
    with tempfile.TemporaryDirectory(prefix="candor-chaos-") as folder:
        for scene in scenes:
            result = play(scene, folder=Path(folder))
            results.append(result)
            if not result.held:
                console.print(f"[red]✗[/] {result.name}: {escape(result.title)} [dim]({result.seconds:.0f} s)[/]")
            for name, value in result.figures.items():
                console.print(f"    {escape(name)}: {escape(value)}", style="dim")
            if not result.held:
                console.print(escape(result.detail), style="red")
    return results


def main() -> int:
    """Play the scenes that are named, or all; return the exit code."""
    known = {scene.name: scene for scene in SCENES}
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of {', '.join(known)}")
    wanted = parser.parse_args().scenes
    if unknown := set(wanted) - known.keys():
        parser.error(f"there is no scene {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    results = run([known[name] for name in wanted] or SCENES, console)
    report = {"held": all(result.held for result in results), "scenes": [asdict(result) for result in results]}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    verdict = "[green]All scenes held.[/]" if report["held"] else "[red]A scene did not hold.[/]"
    console.print(f"{verdict} The report: {REPORT}")
    return 0 if report["held"] else 1


if __name__ == "__main__":
    sys.exit(main())

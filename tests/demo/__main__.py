"""``python -m tests.demo``: exit 0 when every step of the story turned out as promised, else 1."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from tests.demo.steps import STORY
from tests.demo.story import Record, Told, tell
from tests.demo.world import open_world

CONSOLE = Console(highlight=False)


def say(line: Told) -> None:
    """Print one step as it ends."""
    mark = "[green]✓[/]" if line.outcome == "ok" else "[red]✗[/]"
    shows = f" [cyan]{' '.join(line.shows)}[/]" if line.shows else ""
    CONSOLE.print(f"{mark} {escape(line.step)}{shows} [dim]{line.seconds:.1f} s[/]")
    CONSOLE.print(f"    {escape(line.detail)}", style="dim" if line.outcome == "ok" else "red")


async def run(home: Path) -> Record:
    """Tell the whole story to the stack at *home*."""
    with tempfile.TemporaryDirectory(prefix="candor-demo-") as folder:
        async with open_world(home, Path(folder)) as world:
            CONSOLE.print(f"Candor, as its users see it, at [bold]{world.base_url}[/]\n")
            return await tell(STORY, world, said=say)


def main() -> int:
    """Run the demo, write ``build/demo.json``, return the exit code."""
    home = Path(os.environ.get("CANDOR_HOME", ".candor"))
    if not (home / "access.json").exists():
        CONSOLE.print(f"[red]No stack has run at {home}[/]: start one with `make up`, then run `make demo` again.")
        return 1
    record = asyncio.run(run(home))
    Path("build").mkdir(exist_ok=True)
    Path("build/demo.json").write_text(json.dumps(record.as_json(), indent=2) + "\n", encoding="utf-8")
    verdict = "[green]All promises shown were kept.[/]" if record.passed else "[red]A step failed.[/]"
    CONSOLE.print(f"\n{verdict} The record: build/demo.json")
    return 0 if record.passed else 1


if __name__ == "__main__":
    sys.exit(main())

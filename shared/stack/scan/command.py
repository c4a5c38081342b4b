"""The command ``scan``: progress, a table of the places, what was found; and the same at intervals in a stack."""

import asyncio
import sys
from pathlib import Path
from shutil import which

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.promises.card_scan import CardScanResult
from shared.stack.directory import StackDirectory
from shared.stack.install.progress import ProgressLine
from shared.stack.process import DIES_WITH_PARENT
from shared.stack.scan.numbers import TEST_NUMBERS
from shared.stack.scan.places import ScanItem
from shared.stack.scan.run import scan_folder, scan_stack, store_result
from shared.stack.settings import ROOT, StackSettings

FIRST_SCAN_AFTER, SCAN_INTERVAL = 120.0, 900.0
"""Seconds after the start, and between two scans, of a running stack."""
_MEBIBYTE = 1 << 20


def run_scan(settings: StackSettings, folder: str, console: Console) -> int:
    """Scan the stack, or *folder*; print the result and return the exit code."""
    progress = ProgressLine("searching")

    def show_item(item: ScanItem) -> None:
        progress.label = f"searched {item.place}"
        progress.print_progress()

    if folder:
        result = asyncio.run(scan_folder(Path(folder), TEST_NUMBERS, on_item=show_item))
    else:
        result = asyncio.run(scan_stack(settings, TEST_NUMBERS, on_item=show_item))
        store_result(StackDirectory(settings.home), result)
    progress.label = f"searched {result.size / _MEBIBYTE:.0f} MiB for {len(TEST_NUMBERS)} test numbers"
    progress.print_done()
    print_result(console, result)
    return 1 if result.found else 0


def print_result(console: Console, result: CardScanResult) -> None:
    """Print the places and what was found in each."""
    table = Table("place", "searched", "found", box=None, pad_edge=False)
    for place, count in sorted(result.items.items()):
        found = sum(line.startswith(f"{place}: ") for line in result.found)
        table.add_row(place, str(count), f"[red]{found}[/]" if found else "0")
    console.print(table)
    for line in result.found:
        console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True)
    if not result.found:
        console.print("[green]✓[/] No card number was found.")


async def scan_at_intervals(settings: StackSettings) -> None:
    """Scan the running stack without end, in a process of the lowest priority; the probe of C18 reads the result."""
    nice = which("nice") or "/usr/bin/nice"
    command = [*DIES_WITH_PARENT, nice, "-n", "19", sys.executable, "-m", "shared.stack", "scan"]
    own = {"CANDOR_HOME": str(settings.home), "CANDOR_PORT": str(settings.port)}
    log = StackDirectory(settings.home).logs / "scan.log"
    delay = FIRST_SCAN_AFTER
    while True:
        await asyncio.sleep(delay)
        with log.open("wb") as output:
            scanning = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env={**settings.inherited_env, **own},
                cwd=ROOT,
            )
        try:
            await scanning.wait()
        finally:
            if scanning.returncode is None:
                scanning.kill()
                await scanning.wait()
        delay = SCAN_INTERVAL

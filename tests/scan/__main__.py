"""``make scan``: test numbers through every path of the running stack, then a search of everything that it stores.

Exit 0 when no number was found, also in no answer; 1 when one was, or when no stack runs.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from shared.promises.card_scan import CardScanResult
from shared.stack.directory import StackDirectory
from shared.stack.install.progress import ProgressLine
from shared.stack.scan.command import print_result
from shared.stack.scan.numbers import TEST_NUMBERS
from shared.stack.scan.places import ScanItem
from shared.stack.scan.run import scan_items, store_result
from shared.stack.settings import StackSettings
from tests.scan.drive import drive, everything

CONSOLE = Console(highlight=False)


async def scan(settings: StackSettings) -> CardScanResult:
    """Send the numbers, then search."""
    with tempfile.TemporaryDirectory(prefix="candor-scan-") as folder:
        sending = ProgressLine("sending test numbers through every path")

        def show_sent(count: int) -> None:
            sending.label = f"sending test numbers: {count} requests"
            sending.print_progress()

        driven = await drive(settings.home, Path(folder), on_sent=show_sent)
        sending.label = f"sent test numbers in {driven.sent} requests"
        sending.print_done()
        searching = ProgressLine("searching")

        def show_item(item: ScanItem) -> None:
            searching.label = f"searched {item.place}"
            searching.print_progress()

        result = await scan_items(everything(settings, driven), TEST_NUMBERS, on_item=show_item)
        searching.label = f"searched {result.size / 2**20:.0f} MiB for {len(TEST_NUMBERS)} test numbers"
        searching.print_done()
    store_result(StackDirectory(settings.home), result)
    return result


def main() -> int:
    """Run the scan; return the exit code."""
    settings = StackSettings.from_env(os.environ)
    if not StackDirectory(settings.home).is_locked():
        CONSOLE.print(
            f"[red]No stack is running in {settings.home}[/]: start one with `make up`, then run `make scan`."
        )
        return 1
    result = asyncio.run(scan(settings))
    print_result(CONSOLE, result)
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main())

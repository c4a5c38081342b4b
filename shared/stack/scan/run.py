"""Runs a scan: searches all places of a stack, shows progress, writes the result for the probe of C18."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from shared.clock import Clock, utc_now
from shared.promises.card_scan import FILE_NAME, CardScanResult
from shared.stack.directory import StackDirectory, write_private_file
from shared.stack.scan.finder import CardNumberFinder
from shared.stack.scan.places import ScanItem, iter_files, iter_items
from shared.stack.settings import StackSettings

_DIGITS = re.compile(r"\d(?:\D?\d){11,}")
ScanListener = Callable[[ScanItem], None]
"""Called after each item."""


def ignore_item(_: ScanItem) -> None:
    """Ignore the item: the default listener."""


async def scan_stack(
    settings: StackSettings, numbers: Iterable[str], *, on_item: ScanListener = ignore_item
) -> CardScanResult:
    """Search everything that the stack of *settings* has stored."""
    return await scan_items(iter_items(settings), numbers, on_item=on_item)


async def scan_folder(root: Path, numbers: Iterable[str], *, on_item: ScanListener = ignore_item) -> CardScanResult:
    """Search every file below *root*, such as an unpacked backup."""

    async def iter_all() -> AsyncIterator[ScanItem]:
        for item in iter_files(root):
            yield item

    return await scan_items(iter_all(), numbers, on_item=on_item)


async def scan_items(
    items: AsyncIterator[ScanItem],
    numbers: Iterable[str],
    *,
    on_item: ScanListener = ignore_item,
    clock: Clock = utc_now,
) -> CardScanResult:
    """Search *items* one after the other, in a thread; memory holds one window of one item."""
    finder, counts, size, found = CardNumberFinder(numbers), dict[str, int](), 0, set[str]()
    async for item in items:
        size += len(item.data)
        counts[item.place] = counts.get(item.place, 0) + item.count
        for match in await asyncio.to_thread(finder.find_numbers, item.data) | finder.find_numbers(item.name.encode()):
            digits = f" (…{match.last4})" if match.last4 else ""
            # The name of a file may itself be what was found: no run of digits is written.
            name = _DIGITS.sub("…", item.name)
            found.add(f"{item.place}: {name}: {match.form}{digits}")
        on_item(item)
    return CardScanResult(finished_at=clock(), items=counts, size=size, found=tuple(sorted(found)))


def store_result(home: StackDirectory, result: CardScanResult) -> None:
    """Store *result* where the probe of payments reads it."""
    with suppress(FileNotFoundError):  # the stack was deleted in between
        write_private_file(home.data / "payments" / FILE_NAME, result.to_json())

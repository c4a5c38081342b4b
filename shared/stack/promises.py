"""Reads the promise board through the public API of the running stack."""

from typing import Any

import aiohttp
from rich.markup import escape

from shared.policy import PROMISES, PromiseState
from shared.stack.settings import StackSettings

_MARKS = {PromiseState.KEPT: "[green]✓[/]", PromiseState.BROKEN: "[red]✗[/]", PromiseState.UNKNOWN: "[yellow]?[/]"}


class PromiseBoardError(Exception):
    """The board cannot be read; the message contains the reason and the remedy."""


async def fetch_board_lines(settings: StackSettings) -> tuple[list[str], bool]:
    """Return one line for each promise, and whether all are kept."""
    items = {item["id"]: item for item in (await _fetch_board(settings))["items"]}
    lines, states = [], []
    for promise in PROMISES:
        item = items.get(promise.id, {})
        state = PromiseState(item.get("state", PromiseState.UNKNOWN))
        evidence = item.get("evidence") or promise.coverage_gap or "No probe has reported yet."
        lines.append(f"{_MARKS[state]} {promise.id} {escape(promise.clause)} [dim]{escape(evidence)}[/]")
        states.append(state)
    counts = ", ".join(f"{states.count(state)} {state}" for state in PromiseState)
    return [*lines, "", counts], all(state is PromiseState.KEPT for state in states)


async def _fetch_board(settings: StackSettings) -> Any:
    url = settings.ports.build_url("edge", "/v1/disclosure/promises")
    limit = aiohttp.ClientTimeout(total=10)
    try:
        async with aiohttp.ClientSession(timeout=limit, raise_for_status=True) as http, http.get(url) as answer:
            return await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
        raise PromiseBoardError(f"{url} does not answer ({fault}): make up") from fault

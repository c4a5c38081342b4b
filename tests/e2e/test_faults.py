"""Parts killed with -9 under the traffic of people: what was accepted is there, once; the rest was refused."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.support.stack import StackUnderTest
from tests.support.traffic import Traffic, assert_charges, assert_files, assert_ledger, going_on, open_traffic

LASTS = 30.0
"""Seconds of traffic; MongoDB is killed after the third, RabbitMQ after the tenth."""


@pytest.fixture
async def traffic(stack: StackUnderTest, tmp_path: Path) -> AsyncIterator[Traffic]:
    async with open_traffic(stack.home.root, tmp_path) as traffic:
        yield traffic


async def killed(stack: StackUnderTest, part: str, after: float) -> None:
    """Kill a part as a power cut would; its supervisor restarts it."""
    await asyncio.sleep(after)
    before = stack.report.parts[part]["pid"]
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(60):
        while stack.report.parts[part]["pid"] in {0, before}:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.2)


async def healthy(stack: StackUnderTest, http: aiohttp.ClientSession) -> None:
    """Wait until every service says that its parts answer."""
    async with asyncio.timeout(30):
        while True:
            async with http.get(f"{stack.url}/healthz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.2)


async def test_parts_killed_under_traffic_lose_nothing_that_was_accepted(
    stack: StackUnderTest, traffic: Traffic, record_property: Callable[[str, object], None]
) -> None:
    acts = [(traffic.put_file, 0.05), (traffic.put_file, 0.05), (traffic.charge, 0.4), (traffic.look_somebody_up, 0.1)]
    await asyncio.gather(
        *(going_on(act, pause, lasts=LASTS) for act, pause in acts),
        killed(stack, "mongo", 3),
        killed(stack, "rabbit", 10),
    )
    await healthy(stack, traffic.world.http)
    for name, accepted in (("files", traffic.files), ("charges", traffic.charges), ("lookups", traffic.reasons)):
        record_property(name, len(accepted))
    record_property("refused", sum(traffic.refused.values()))
    await assert_files(traffic)
    await assert_charges(traffic)
    await assert_ledger(traffic)

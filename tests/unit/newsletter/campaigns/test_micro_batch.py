"""Micro-batches: many calls, few round trips, and the order of the calls."""

import asyncio
from collections.abc import Sequence

import pytest

from services.newsletter.service.campaigns.sending.micro_batch import MicroBatch

STATEMENT = 0.002


class Statements:
    """A database that needs a while for each statement, however many rows it has."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def write(self, numbers: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(numbers))
        await asyncio.sleep(STATEMENT)
        if 13 in numbers:
            raise OSError("away")
        return [2 * number for number in numbers]


async def test_calls_that_wait_share_a_statement_in_the_order_of_the_calls() -> None:
    database = Statements()
    batch = MicroBatch(database.write)
    assert await asyncio.gather(*(batch.submit(number) for number in range(7))) == [0, 2, 4, 6, 8, 10, 12]
    assert database.groups == [[0, 1, 2, 3, 4, 5, 6]]


async def test_a_statement_after_a_crowd_waits_a_moment_for_the_others() -> None:
    database = Statements()
    batch = MicroBatch(database.write)
    await asyncio.gather(*(batch.submit(number) for number in range(8)))
    calls = []
    for number in range(6):
        calls.append(batch.submit(number))
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert database.groups[1:] == [[0, 1, 2, 3, 4, 5]]


async def test_a_call_after_a_lone_one_is_not_held_back_for_others() -> None:
    database = Statements()
    batch = MicroBatch(database.write)
    await batch.submit(0)
    second = batch.submit(1)
    await asyncio.sleep(STATEMENT / 4)
    await asyncio.gather(second, batch.submit(2))
    assert database.groups == [[0], [1], [2]]


async def test_a_failed_statement_fails_its_own_calls_only() -> None:
    database = Statements()
    batch = MicroBatch(database.write)
    failed = [batch.submit(12), batch.submit(13)]
    await asyncio.sleep(STATEMENT / 2)
    later = batch.submit(14)
    for each in failed:
        with pytest.raises(OSError, match="away"):
            await each
    assert await later == 28

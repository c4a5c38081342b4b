"""Which changes are written together."""

import asyncio
from typing import Any

from services.sync.service.draft import Draft
from services.sync.service.turns import MOST, Queue, Waiting


async def _nothing(_: Draft) -> None:
    """Change nothing."""


def _some(count: int) -> list[Waiting[Any]]:
    return [Waiting(_nothing) for _ in range(count)]


def _add(queue: Queue, changes: list[Waiting[Any]]) -> None:
    for each in changes:
        queue.add(each)


async def test_who_was_in_the_last_batch_and_comes_again_is_waited_for() -> None:
    queue, some = Queue(), _some(3)
    _add(queue, _some(3))
    assert len(await queue.batch()) == 3
    _add(queue, some[:1])
    batch = asyncio.create_task(queue.batch())
    await asyncio.sleep(0)
    assert not batch.done()
    _add(queue, some[1:])
    assert await batch == some


async def test_who_stays_away_is_waited_for_once() -> None:
    queue = Queue()
    _add(queue, _some(5))
    await queue.batch()
    _add(queue, _some(2))
    assert len(await queue.batch()) == 2
    _add(queue, _some(2))
    async with asyncio.timeout(0):  # there is nothing to wait for: it does not give way even once
        assert len(await queue.batch()) == 2


async def test_one_who_writes_alone_waits_for_nobody() -> None:
    queue = Queue()
    for one in _some(3):
        queue.add(one)
        async with asyncio.timeout(0):
            assert await queue.batch() == [one]


async def test_the_rest_of_a_crowd_is_written_next() -> None:
    queue, crowd = Queue(), _some(MOST + 5)
    _add(queue, crowd)
    assert await queue.batch() == crowd[:MOST]
    assert await queue.batch() == crowd[MOST:]


async def test_one_that_is_cancelled_while_it_waits_takes_nobody_along() -> None:
    queue, some = Queue(), _some(2)
    _add(queue, _some(2))
    await queue.batch()
    queue.add(some[0])
    batch = asyncio.create_task(queue.batch())
    await asyncio.sleep(0)
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    queue.add(some[1])
    assert await queue.batch() == some

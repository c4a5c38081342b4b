"""Which changes are written together."""

import asyncio
from typing import Any

from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import MAX_BATCH, AccountWriteQueue, PendingWrite


async def _nothing(_: TreeUnitOfWork) -> None:
    """Change nothing."""


def _some(count: int) -> list[PendingWrite[Any]]:
    return [PendingWrite(_nothing) for _ in range(count)]


def _add(queue: AccountWriteQueue, changes: list[PendingWrite[Any]]) -> None:
    for each in changes:
        queue.add(each)


async def test_who_was_in_the_last_batch_and_comes_again_is_waited_for() -> None:
    queue, some = AccountWriteQueue(), _some(3)
    _add(queue, _some(3))
    assert len(await queue.next_batch()) == 3
    _add(queue, some[:1])
    batch = asyncio.create_task(queue.next_batch())
    await asyncio.sleep(0)
    assert not batch.done()
    _add(queue, some[1:])
    assert await batch == some


async def test_who_stays_away_is_waited_for_once() -> None:
    queue = AccountWriteQueue()
    _add(queue, _some(5))
    await queue.next_batch()
    _add(queue, _some(2))
    assert len(await queue.next_batch()) == 2
    _add(queue, _some(2))
    async with asyncio.timeout(0):  # there is nothing to wait for: it does not give way even once
        assert len(await queue.next_batch()) == 2


async def test_one_who_writes_alone_waits_for_nobody() -> None:
    queue = AccountWriteQueue()
    for one in _some(3):
        queue.add(one)
        async with asyncio.timeout(0):
            assert await queue.next_batch() == [one]


async def test_the_rest_of_a_crowd_is_written_next() -> None:
    queue, crowd = AccountWriteQueue(), _some(MAX_BATCH + 5)
    _add(queue, crowd)
    assert await queue.next_batch() == crowd[:MAX_BATCH]
    assert await queue.next_batch() == crowd[MAX_BATCH:]


async def test_one_that_is_cancelled_while_it_waits_takes_nobody_along() -> None:
    queue, some = AccountWriteQueue(), _some(2)
    _add(queue, _some(2))
    await queue.next_batch()
    queue.add(some[0])
    batch = asyncio.create_task(queue.next_batch())
    await asyncio.sleep(0)
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    queue.add(some[1])
    assert await queue.next_batch() == some

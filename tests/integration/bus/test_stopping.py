"""Who is stopped stops, also where the client of the broker swallows the cancellation as asyncio.wait_for may."""

import asyncio
from contextlib import suppress

import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue

from shared.bus.consumer_loop import ConsumerLoop
from shared.bus.topology import WorkQueue
from tests.integration.bus.harness import BusHarness


async def test_a_consumer_that_is_stopped_while_it_declares_its_queue(home: BusHarness) -> None:
    plan, declaring = WorkQueue(name=home.queue(), keys=(), delivery_limit=5), asyncio.Event()

    async def declare(channel: AbstractChannel) -> AbstractQueue:
        declaring.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return await plan.declare_on(channel)

    async def nothing(*_: object) -> None:
        """Take no message."""

    intake = ConsumerLoop(
        connection=home.broker.consume_connection, prefetch=1, declare=declare, handle=nothing, on_failure=nothing
    )
    consuming = asyncio.create_task(intake.run())
    await declaring.wait()
    consuming.cancel()
    done, _ = await asyncio.wait({consuming}, timeout=5)
    assert done
    with pytest.raises(asyncio.CancelledError):
        await consuming

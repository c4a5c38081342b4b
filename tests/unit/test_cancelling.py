"""A cancellation is obeyed, also by code that swallows one."""

import asyncio
from contextlib import suppress

import pytest

from shared.cancellation import reraise_cancel


async def _swallowing() -> str:
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    return "as if nothing had happened"


async def _failing_instead() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ConnectionError from None


async def _cancelled(task: "asyncio.Task[object]") -> None:
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_swallowed_cancellation_is_raised() -> None:
    await _cancelled(asyncio.create_task(reraise_cancel(_swallowing())))


async def test_so_is_one_in_whose_place_something_else_is_raised() -> None:
    await _cancelled(asyncio.create_task(reraise_cancel(_failing_instead())))


async def test_a_time_limit_around_it_holds() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await reraise_cancel(_swallowing())


async def test_who_was_cancelled_before_may_still_clear_up() -> None:
    cleared = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleared.append(await reraise_cancel(asyncio.sleep(0, "cleared")))

    await _cancelled(asyncio.create_task(work()))
    assert cleared == ["cleared"]


async def test_a_time_limit_of_its_own_is_its_own() -> None:
    async def limited() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        return "in time"

    assert await reraise_cancel(limited()) == "in time"

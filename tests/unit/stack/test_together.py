"""Parts that are held open together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.stack.parallel import enter_all


class Steps:
    """What was entered and left, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @asynccontextmanager
    async def part(self, name: str, *, takes: float = 0.0, fails: bool = False) -> AsyncIterator[None]:
        try:
            await asyncio.sleep(takes)
            if fails:
                raise LookupError(name)
            self.seen.append(f"+{name}")
            yield
        finally:
            self.seen.append(f"-{name}")


async def test_parts_start_side_by_side_and_not_one_after_the_other() -> None:
    steps = Steps()
    async with enter_all([steps.part("slow", takes=0.05)], [steps.part("fast")]):
        assert steps.seen == ["+fast", "+slow"]


async def test_what_stands_on_others_ends_before_them() -> None:
    steps = Steps()
    async with enter_all([steps.part("broker"), steps.part("database")], [steps.part("service")]):
        steps.seen.clear()
    assert steps.seen[0] == "-service"
    assert set(steps.seen[1:]) == {"-broker", "-database"}


async def test_one_that_fails_is_told_at_once_and_the_others_are_left() -> None:
    steps = Steps()
    with pytest.raises(LookupError, match="bad"):
        async with (
            asyncio.timeout(5),
            enter_all(
                [steps.part("good"), steps.part("endless", takes=60)], [steps.part("bad", takes=0.01, fails=True)]
            ),
        ):
            pytest.fail("it must not be entered")
    assert {"+good", "-good", "-endless", "-bad"} == set(steps.seen)


async def test_a_start_that_is_interrupted_leaves_nothing_open() -> None:
    steps = Steps()

    async def begin() -> None:
        async with enter_all([steps.part("good")], [steps.part("endless", takes=60)]):
            pytest.fail("it must not be entered")

    task = asyncio.create_task(begin())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(steps.seen) == {"+good", "-good", "-endless"}

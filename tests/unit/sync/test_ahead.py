"""What is made ahead: in order, one piece, and nothing once it is left."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from services.sync.service.tree.prefetch import prefetch_one


class Maker:
    """Makes pieces, and notes how far it is."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.count, self.fails = count, fails
        self.begun, self.closed = 0, False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(self.count):
                self.begun += 1
                await asyncio.sleep(0)
                yield b"%d" % number
            if self.fails:
                raise ConnectionError
        finally:
            self.closed = True


async def test_everything_comes_in_order() -> None:
    assert [piece async for piece in prefetch_one(Maker(5).pieces())] == [b"0", b"1", b"2", b"3", b"4"]
    assert [piece async for piece in prefetch_one(Maker(0).pieces())] == []


async def test_one_piece_is_made_while_one_is_used_and_no_more() -> None:
    maker = Maker(5)
    async with aclosing(prefetch_one(maker.pieces())) as pieces:
        await anext(pieces)
        for _ in range(20):
            await asyncio.sleep(0)
        assert maker.begun == 2


async def test_a_fault_comes_after_what_was_made_before_it() -> None:
    maker = Maker(2, fails=True)
    pieces = prefetch_one(maker.pieces())
    assert (await anext(pieces), await anext(pieces)) == (b"0", b"1")
    with pytest.raises(ConnectionError):
        await anext(pieces)
    assert maker.closed


async def test_once_it_is_left_nothing_is_made_any_more() -> None:
    maker = Maker(5)
    async with aclosing(prefetch_one(maker.pieces())) as pieces:
        await anext(pieces)
    assert maker.closed
    begun = maker.begun
    await asyncio.sleep(0.01)
    assert maker.begun == begun


async def test_who_is_cancelled_while_waiting_leaves_nothing_behind() -> None:
    never, closed = asyncio.Event(), asyncio.Event()

    async def stuck() -> AsyncGenerator[bytes, None]:
        try:
            await never.wait()
            yield b""
        finally:
            closed.set()

    async def use() -> None:
        async with aclosing(prefetch_one(stuck())) as pieces:
            await anext(pieces)

    task = asyncio.create_task(use())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert closed.is_set()

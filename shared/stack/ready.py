"""How to see that a part is ready: one look, never an exception, never longer than two seconds."""

import asyncio
from http import HTTPStatus

import aiohttp

from shared.stack.process import Ready

_LOOK = 2.0


def accepts(port: int) -> Ready:
    """Something listens on *port*."""
    return lambda: _answers(port, b"", b"")


def speaks_amqp(port: int) -> Ready:
    """A broker on *port* opens a conversation: its listener is there before it can serve."""
    return lambda: _answers(port, b"AMQP\x00\x00\x09\x01", b"\x01")


def answers_ok(url: str) -> Ready:
    """GET *url* answers 200."""

    async def look() -> bool:
        limit = aiohttp.ClientTimeout(total=_LOOK)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as reply:
                return reply.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    return look


async def _answers(port: int, greeting: bytes, expected: bytes) -> bool:
    try:
        async with asyncio.timeout(_LOOK):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(greeting)
                return await reader.readexactly(len(expected)) == expected
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False

"""How to see that a part is ready: one look, never an exception, never longer than two seconds; None means ready."""

import asyncio
from http import HTTPStatus

import aiohttp

from shared.stack.process import Ready

_LOOK = 2.0
_SILENT = "does not answer"


def accepts(port: int) -> Ready:
    """Something listens on *port*."""
    return lambda: _answers(port, b"", b"")


def speaks_amqp(port: int) -> Ready:
    """A broker on *port* opens a conversation: its listener is there before it can serve."""
    return lambda: _answers(port, b"AMQP\x00\x00\x09\x01", b"\x01")


def answers_ok(url: str) -> Ready:
    """GET *url* answers 200; a problem that it answers instead says which of its own parts is missing."""

    async def look() -> str | None:
        limit = aiohttp.ClientTimeout(total=_LOOK)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as reply:
                if reply.status == HTTPStatus.OK:
                    return None
                return _missing(await reply.json(content_type=None)) or f"answers {reply.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return _SILENT

    return look


def _missing(problem: object) -> str:
    """Return what /readyz names: "mongo: does not answer; start: QuestionTimeoutError"."""
    fields = problem.get("fields") if isinstance(problem, dict) else None
    named = [entry for entry in fields or () if isinstance(entry, dict)]
    return "; ".join(f"{entry.get('field')}: {entry.get('message')}" for entry in named)


async def _answers(port: int, greeting: bytes, expected: bytes) -> str | None:
    try:
        async with asyncio.timeout(_LOOK):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(greeting)
                return None if await reader.readexactly(len(expected)) == expected else _SILENT
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return _SILENT

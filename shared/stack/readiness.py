"""Readiness checks of the parts. Each takes at most two seconds and never raises; None means ready."""

import asyncio
from http import HTTPStatus

import aiohttp

from shared.stack.process import ReadinessCheck

_CHECK_TIMEOUT = 2.0
_NO_ANSWER = "does not answer"


def is_listening(port: int) -> ReadinessCheck:
    """Return a check that something listens on *port*."""
    return lambda: _expect_reply(port, b"", b"")


def amqp_ready(port: int) -> ReadinessCheck:
    """Return a check that a broker on *port* starts the AMQP handshake: its socket listens before it can serve."""
    return lambda: _expect_reply(port, b"AMQP\x00\x00\x09\x01", b"\x01")


def http_ok(url: str) -> ReadinessCheck:
    """Return a check that GET *url* answers 200; a problem document names the dependencies that are not ready."""

    async def check() -> str | None:
        limit = aiohttp.ClientTimeout(total=_CHECK_TIMEOUT)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as reply:
                if reply.status == HTTPStatus.OK:
                    return None
                return _describe_missing(await reply.json(content_type=None)) or f"answers {reply.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return _NO_ANSWER

    return check


def _describe_missing(problem: object) -> str:
    """Return the reasons given by /readyz, such as "mongo: does not answer; start: RpcTimeoutError"."""
    fields = problem.get("fields") if isinstance(problem, dict) else None
    entries = [entry for entry in fields or () if isinstance(entry, dict)]
    return "; ".join(f"{entry.get('field')}: {entry.get('message')}" for entry in entries)


async def _expect_reply(port: int, greeting: bytes, expected: bytes) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(greeting)
                return None if await reader.readexactly(len(expected)) == expected else _NO_ANSWER
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return _NO_ANSWER

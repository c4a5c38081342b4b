"""Checks external parts that are given by URL. Each check returns None, or a short reason why it failed."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from shared.bus.broker import RobustConnection
from shared.bus.publishing import can_publish_as
from shared.errors import UnavailableError
from shared.mongo import open_database
from shared.settings import Secret

_CHECK_TIMEOUT = 5.0
_DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671, "smtp": 25, "smtps": 465, "smtp+starttls": 587}
_UNREACHABLE = "cannot be reached"


async def check_mongo(url: Secret) -> str | None:
    """Ping the server."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT), open_database(url.get_secret_value(), "candor") as database:
            await database.check_connection()
    except TimeoutError:
        return _UNREACHABLE
    except UnavailableError as fault:
        return f"{_UNREACHABLE}: {fault.detail}" if fault.detail else _UNREACHABLE
    return None


async def check_amqp(url: Secret, services: Iterable[str] = ()) -> str | None:
    """Log in and publish as each of *services*: the broker compares a message's user_id with the connected user."""
    if await _is_unreachable(url):
        return _UNREACHABLE
    connection = RobustConnection(url.get_secret_value(), "doctor")
    running = asyncio.create_task(connection.run())
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            while not connection.connected:  # noqa: ASYNC110 - the connection has no event for it
                await asyncio.sleep(0.1)
        for service in services:
            if not await can_publish_as(connection, service):
                return f"may not publish as {service}: name the user {service}, or give it the tag impersonator"
    except TimeoutError:
        return "rejects the user, the password or the virtual host of the URL"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return None


async def check_smtp(url: Secret) -> str | None:
    """Connect; whether the relay accepts mail is known only after the first one."""
    return _UNREACHABLE if await _is_unreachable(url) else None


async def _is_unreachable(url: Secret) -> bool:
    parts = urlsplit(url.get_secret_value())
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])
    except (OSError, TimeoutError):
        return True
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return False

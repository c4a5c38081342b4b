"""Whether a part that the person has named by its URL can be used: None, or in a few words why not."""

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
    """Ask for an answer to a ping."""
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT), open_database(url.get_secret_value(), "candor") as database:
            await database.check_connection()
    except TimeoutError:
        return _UNREACHABLE
    except UnavailableError as fault:
        return f"{_UNREACHABLE}: {fault.detail}" if fault.detail else _UNREACHABLE
    return None


async def check_amqp(url: Secret, services: Iterable[str] = ()) -> str | None:
    """Log in, and publish as each of *services*: the broker compares the user_id of a message with the user."""
    if await _is_unreachable(url):
        return _UNREACHABLE
    link = RobustConnection(url.get_secret_value(), "doctor")
    holding = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            while not link.connected:  # noqa: ASYNC110 - the link has no event for it
                await asyncio.sleep(0.1)
        for service in services:
            if not await can_publish_as(link, service):
                return f"may not publish as {service}: name the user {service}, or give it the tag impersonator"
    except TimeoutError:
        return "refuses the user, the password or the vhost that it names"
    finally:
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding
    return None


async def check_smtp(url: Secret) -> str | None:
    """Connect; what the relay accepts shows with the first mail."""
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

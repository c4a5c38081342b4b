"""Whether a part that the person has named by its URL can be used: None, or in a few words why not."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from shared.bus.broker import Link
from shared.errors import UnavailableError
from shared.mongo import open_database
from shared.settings import Secret

_LOOK = 5.0
_DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671, "smtp": 25, "smtps": 465, "smtp+starttls": 587}
_UNREACHABLE = "cannot be reached"


async def fault_of_mongo(url: Secret) -> str | None:
    """Ask for an answer to a ping."""
    try:
        async with asyncio.timeout(_LOOK), open_database(url.reveal(), "candor") as database:
            await database.ping()
    except TimeoutError:
        return _UNREACHABLE
    except UnavailableError as fault:
        return f"{_UNREACHABLE}: {fault.detail}" if fault.detail else _UNREACHABLE
    return None


async def fault_of_amqp(url: Secret) -> str | None:
    """Log in."""
    if await _cannot_connect(url):
        return _UNREACHABLE
    link = Link(url.reveal(), "doctor")
    holding = asyncio.create_task(link.keep())
    try:
        async with asyncio.timeout(_LOOK):
            while not link.connected:  # noqa: ASYNC110 - the link has no event for it
                await asyncio.sleep(0.1)
    except TimeoutError:
        return "refuses the user, the password or the vhost that it names"
    finally:
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding
    return None


async def fault_of_smtp(url: Secret) -> str | None:
    """Connect; what the relay accepts shows with the first mail."""
    return _UNREACHABLE if await _cannot_connect(url) else None


async def _cannot_connect(url: Secret) -> bool:
    parts = urlsplit(url.reveal())
    try:
        async with asyncio.timeout(_LOOK):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])
    except (OSError, TimeoutError):
        return True
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return False

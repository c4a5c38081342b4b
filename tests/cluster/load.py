"""Clients inside the node's network: ``python -m tests.cluster.load URL HOME LEAST`` sends until stdin ends.

Each of them sends one request after the other on a connection that it keeps, at least LEAST requests together. Nothing
is sent again, but for one case that every HTTP client knows (RFC 9110, 9.2.2 and 9112, 9.3.1): a kept connection that
the server had closed before a byte of the answer came; these are counted apart. The result is one line of JSON.
"""

import asyncio
import itertools
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.demo.world import Person, World, open_world
from tests.support.traffic import device_of

CLIENTS = 12
PAUSE = 0.1
"""Seconds between an answer and the next request of a client: two cores carry clients and platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request and the status that it must be answered with."""

    method: str
    path: str
    expected: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(slots=True)
class Seen:
    """What all clients were told."""

    answered: int = 0
    closed_while_idle: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    @property
    def sent(self) -> int:
        """How many requests have an end."""
        return self.answered + sum(self.failed.values())


def requests(person: Person) -> Iterator[Request]:
    """Yield what one client does, for ever: pages, public answers, its own account, its files."""
    device, session = device_of(person), {"Authorization": f"Bearer {person.token}"}
    for number in itertools.count():
        mine = f"/sync/{person.username}/load-{secrets.token_hex(4)}-{number}.bin"
        yield Request(method="GET", path="/promises", expected=200)
        yield Request(method="GET", path="/v1/telemetry/question", expected=200)
        yield Request(method="PUT", path=mine, expected=201, headers=device, body=os.urandom(5000))
        yield Request(method="GET", path="/v1/disclosure/promises", expected=200)
        yield Request(method="GET", path=mine, expected=200, headers=device)
        yield Request(method="GET", path="/v1/identity/me", expected=200, headers=session)
        yield Request(method="GET", path="/v1/payments/cards", expected=200, headers=session)
        yield Request(method="DELETE", path=mine, expected=204, headers=device)
        yield Request(method="GET", path="/v1/newsletter/lists", expected=200)


async def client(url: str, person: Person, seen: Seen, go_on: asyncio.Event) -> None:
    """Send on one connection until told to stop."""
    connector = aiohttp.TCPConnector(limit=1, ssl=False)
    limit = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=limit) as http:
        http._retry_connection = False  # whatever is sent again is sent, and counted, here
        for request in requests(person):
            if not go_on.is_set():
                return
            await _answered(http, url, request, seen)
            await asyncio.sleep(PAUSE)


async def _answered(http: aiohttp.ClientSession, url: str, request: Request, seen: Seen) -> None:
    began = time.monotonic()
    try:
        told = await _told(http, url, request)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        seen.closed_while_idle += 1
        told = await _told_at_last(http, url, request)
    except (aiohttp.ClientError, TimeoutError) as fault:
        told = type(fault).__name__
    seen.slowest = max(seen.slowest, time.monotonic() - began)
    if told == str(request.expected):
        seen.answered += 1
    else:
        seen.failed[f"{request.method} {request.path.split('/load-')[0]}: {told}"] += 1


async def _told(http: aiohttp.ClientSession, url: str, request: Request) -> str:
    async with http.request(request.method, url + request.path, headers=request.headers, data=request.body) as answer:
        body = await answer.read()
        code = json.loads(body).get("code", "") if answer.content_type == "application/problem+json" else ""
        return f"{answer.status} {code}".strip()


async def _told_at_last(http: aiohttp.ClientSession, url: str, request: Request) -> str:
    try:
        return await _told(http, url, request)
    except (aiohttp.ClientError, TimeoutError) as fault:
        return type(fault).__name__


async def _ended(seen: Seen, least: int, go_on: asyncio.Event) -> None:
    await asyncio.to_thread(sys.stdin.read)
    while seen.sent < least:  # noqa: ASYNC110 - the clients change it
        await asyncio.sleep(0.2)
    go_on.clear()


async def _person(world: World) -> Person:
    person = await world.log_in(world.customer)
    person.username, person.app_password = world.customer.username, world.customer.app_password
    return person


async def main(url: str, home: str, least: str) -> int:
    """Send; print what was seen."""
    seen, go_on, began = Seen(), asyncio.Event(), time.monotonic()
    go_on.set()
    async with open_world(Path(home), Path(home)) as world:
        world.access = {**world.access, "base_url": url}
        person = await _person(world)
    sending = [client(url, person, seen, go_on) for _ in range(CLIENTS)]
    await asyncio.gather(_ended(seen, int(least), go_on), *sending)
    said = {
        "answered": seen.answered,
        "closed_while_idle": seen.closed_while_idle,
        "failed": seen.failed,
        "slowest": round(seen.slowest, 3),
        "seconds": round(time.monotonic() - began, 1),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))

"""What people do all the time, and what must be there afterwards: files, payments, looks that the ledger remembers."""

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.demo.steps import cards
from tests.demo.world import Person, World, open_world


def device_of(person: Person) -> dict[str, str]:
    """Return the credentials of a person's device."""
    return {"Authorization": aiohttp.encode_basic_auth(person.username, person.app_password)}


@dataclass(slots=True)
class Traffic:
    """What some people did, and what they were told."""

    world: World
    files: dict[str, bytes] = field(default_factory=dict)
    charges: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)

    async def put_file(self) -> None:
        """Store a file under a new name; what is answered with 2xx must be there afterwards."""
        person, name, content = self.world.customer, f"fault-{secrets.token_hex(8)}.bin", os.urandom(20_000)
        url = f"{self.world.base_url}/sync/{person.username}/{name}"
        async with self.world.http.put(url, data=content, headers=device_of(person)) as answer:
            if answer.status < 300:
                self.files[name] = content
            else:
                self.refused[answer.status] += 1

    async def charge(self) -> None:
        """Pay once: the same key again and again until there is an answer."""
        key = secrets.token_hex(8)
        body = {"card_id": self.world.notes["card_id"], "amount": 100, "currency": "USD", "description": key}
        headers = {"Authorization": f"Bearer {self.world.ada.token}", "Idempotency-Key": key}
        while True:
            try:
                url = f"{self.world.base_url}/v1/payments/charges"
                async with self.world.http.post(url, json=body, headers=headers) as answer:
                    if answer.status == 201:
                        self.charges.add(key)
                        return
                    self.refused[answer.status] += 1
                    assert answer.status in {409, 503, 504}, await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                self.refused[0] += 1
            await asyncio.sleep(0.5)

    async def look_somebody_up(self) -> None:
        """Let support see an address: each look that was answered stands in the ledger, once."""
        reason = f"ticket {secrets.token_hex(6)}"
        body = {"email": self.world.customer.email, "reason": reason}
        headers = {"Authorization": f"Bearer {self.world.notes['support'].token}"}
        url = f"{self.world.base_url}/v1/identity/accounts/find"
        async with self.world.http.post(url, json=body, headers=headers) as answer:
            if answer.status == 200:
                self.reasons.add(reason)
            else:
                self.refused[answer.status] += 1


@asynccontextmanager
async def open_traffic(home: Path, folder: Path) -> AsyncIterator[Traffic]:
    """A customer with a device and a card, and a member of support, at the stack whose data folder is *home*."""
    async with open_world(home, folder) as world:
        world.ada = await world.log_in(world.customer)
        world.ada.account_id = (await world.call("GET", "/v1/identity/me", by=world.ada))["account_id"]
        await cards.card.act(world)
        world.notes["support"] = await world.staff_of("support")
        yield Traffic(world)


async def going_on(act: Callable[[], Awaitable[None]], pause: float, *, lasts: float) -> None:
    """Do it again and again for *lasts* seconds, whatever the network says."""
    until = asyncio.get_running_loop().time() + lasts
    while asyncio.get_running_loop().time() < until:
        try:
            await act()
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.2)
        await asyncio.sleep(pause)


async def ledger_of(traffic: Traffic) -> Counter[str]:
    """Count the entries of the customer's ledger by what allowed the look, all pages of it."""
    found: Counter[str] = Counter()
    path = "/v1/disclosure/ledger/mine?limit=200"
    cursor: Any = None
    while True:
        page = await traffic.world.call("GET", path + (f"&cursor={cursor}" if cursor else ""), by=traffic.world.ada)
        found.update(entry["basis"] for entry in page["items"])
        cursor = page.get("next_cursor")
        if not cursor:
            return found


async def assert_files(traffic: Traffic) -> None:
    """Every file that was accepted is there, byte by byte."""
    assert len(traffic.files) > 50
    person = traffic.world.customer
    for name, content in traffic.files.items():
        url = f"{traffic.world.base_url}/sync/{person.username}/{name}"
        async with traffic.world.http.get(url, headers=device_of(person)) as answer:
            assert answer.status == 200, name
            assert await answer.read() == content, name


async def assert_charges(traffic: Traffic) -> None:
    """Each payment was taken once."""
    assert len(traffic.charges) > 20
    found: Counter[str] = Counter()
    cursor: Any = None
    while True:
        path = "/v1/payments/charges" + (f"?cursor={cursor}" if cursor else "")
        listed = await traffic.world.call("GET", path, by=traffic.world.ada)
        found.update(item["description"] for item in listed["items"] if item["state"] == "captured")
        cursor = listed.get("next_cursor")
        if not cursor:
            break
    assert {key: found[key] for key in traffic.charges} == dict.fromkeys(traffic.charges, 1)


async def assert_ledger(traffic: Traffic) -> None:
    """Each look that was answered came through outbox, broker and inbox, and had its effect once."""
    assert len(traffic.reasons) > 20
    async with asyncio.timeout(30):
        while not traffic.reasons <= set(await ledger_of(traffic)):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.5)
    found = await ledger_of(traffic)
    assert {reason: found[reason] for reason in traffic.reasons} == dict.fromkeys(traffic.reasons, 1)

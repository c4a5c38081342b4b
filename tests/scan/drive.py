"""The whole drive: a customer of its own, staff of each role, every way in; and what it brings back for the search."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from shared.stack.scan.places import ScanItem, iter_items
from shared.stack.settings import StackSettings
from tests.demo.steps import account
from tests.demo.world import Person, World, new_person, open_world
from tests.scan.cards import attack_cards, send_files, send_malformed, send_pages, send_texts, store_cards
from tests.scan.client import CardClient
from tests.scan.routes import send_through_routes

ROLES = ("support", "disclosure", "engineer", "security", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What was sent, and what came back."""

    sent: int
    statuses: dict[int, int]
    answers: dict[str, bytes]
    exports: dict[str, bytes] = field(default_factory=dict)


async def drive(home: Path, folder: Path, *, on_sent: Callable[[int], None] = lambda _: None) -> Driven:
    """Send the test numbers through the stack at *home*."""
    async with open_world(home, folder) as world:
        client = CardClient(world)
        owner, attacker = await _sign_up(world), await _sign_up(world)
        staff = [await world.staff_of(role) for role in ROLES]
        cards = await store_cards(client, owner)
        await attack_cards(client, attacker)
        on_sent(client.sent)
        await send_texts(client, owner, cards)
        await send_files(client, world.customer)
        await send_pages(client)
        await send_malformed(client)
        on_sent(client.sent)
        await world.call("POST", "/v1/sync/backups", by=staff[ROLES.index("engineer")], once=True, expected=202)
        for caller in (None, attacker, *staff):
            await send_through_routes(client, caller)
            on_sent(client.sent)
        exports = {"account.zip": await _export(world, owner)}
        return Driven(
            sent=client.sent,
            statuses=client.statuses,
            answers={route: bytes(each) for route, each in client.answers.items()},
            exports=exports,
        )


async def everything(settings: StackSettings, driven: Driven) -> AsyncIterator[ScanItem]:
    """Yield what the stack stores, the answers, and the exports."""
    for route, answers in driven.answers.items():
        yield ScanItem(place="answers", name=route, data=answers)
    for name, content in driven.exports.items():
        yield ScanItem(place="exports", name=name, data=content)
    async for item in iter_items(settings):
        yield item


async def _sign_up(world: World) -> Person:
    world.ada = new_person("card-scan")
    for step in (account.sign_up, account.verify, account.log_in):
        await step.act(world)
    return world.ada


async def _export(world: World, person: Person) -> bytes:
    """Return the archive with everything that is stored about *person*."""
    asked = await world.call("POST", "/v1/identity/exports", by=person, once=True, expected=202)
    path = f"/v1/identity/exports/{asked['export_id']}"
    await world.until(path, by=person, key="state", is_="ready")
    headers = {"Authorization": f"Bearer {person.token}"}
    async with world.http.get(f"{world.base_url}{path}/archive", headers=headers, raise_for_status=True) as answer:
        return await answer.read()

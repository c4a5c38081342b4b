"""C18 in a whole stack: test numbers are sent through every path and stored nowhere; planted ones are found."""

import base64
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aio_pika
import aiohttp
import aiosmtplib
import pytest
from pymongo import AsyncMongoClient

from shared.bus.permissions import OPERATOR
from shared.bus.topology import dead_letter_queue
from shared.stack.directory import StackDirectory
from shared.stack.keys import DATABASE_ROOT, ensure_secrets
from shared.stack.scan.numbers import TEST_NUMBERS
from shared.stack.scan.run import scan_items, scan_stack, store_result
from shared.stack.settings import StackSettings
from tests.scan.drive import drive, everything
from tests.support.fake_services import until
from tests.support.stack import StackUnderTest

PLANTED = "4005519200000004"
"""No number of a scan by itself: what stays of it in the journal breaks no other test."""
TRACES = "data/traces"


@pytest.fixture(scope="module")
def settings(stack: StackUnderTest) -> StackSettings:
    return StackSettings.from_env({"CANDOR_PORT": str(stack.ports.base), "CANDOR_HOME": str(stack.home.root)})


async def board_entry(stack: StackUnderTest, promise: str) -> dict[str, Any]:
    async with aiohttp.ClientSession(stack.url) as http, http.get("/v1/disclosure/promises") as answer:
        return next(one for one in (await answer.json())["items"] if one["id"] == promise)


@pytest.mark.timeout(600)
async def test_C18_numbers_sent_through_every_path_are_stored_nowhere(
    stack: StackUnderTest, settings: StackSettings, tmp_path: Path
) -> None:
    driven = await drive(stack.home.root, tmp_path)
    assert driven.sent > 1_000
    # The numbers got in: cards were stored, and each way of refusing was taken.
    assert {201, 400, 401, 403, 404, 422} <= driven.statuses.keys()
    assert any((stack.home.root / TRACES).iterdir())
    result = await scan_items(everything(settings, driven), TEST_NUMBERS)
    assert result.found == ()
    kinds = {"answers", "exports", "collections", "database journal", "logs", "mails", "traces", "metrics", "backups"}
    assert kinds <= result.items.keys()
    assert any(place.startswith("broker") for place in result.items)
    store_result(stack.home, result)

    async def is_on_the_board() -> bool:
        entry = await board_entry(stack, "C18")
        return entry["state"] == "kept" and "scan of" in str(entry["evidence"])

    await until(is_on_the_board, patience=90)


@asynccontextmanager
async def notes_of(settings: StackSettings, database: str) -> AsyncIterator[Any]:
    """A collection of the embedded database, opened by its root user."""
    password = ensure_secrets(StackDirectory(settings.home)).database_passwords[DATABASE_ROOT]
    url = f"mongodb://{DATABASE_ROOT}:{password}@127.0.0.1:{settings.ports['mongo']}/admin"
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    async with client:
        yield client[database]["notes"]


async def plant_in_collection(settings: StackSettings) -> None:
    async with notes_of(settings, "planted") as notes:
        await notes.insert_one({"_id": 1, "card": int(PLANTED)})


async def plant_in_journal(settings: StackSettings) -> None:
    async with notes_of(settings, "planted") as notes:
        await notes.insert_one({"_id": 2, "card": f"{PLANTED} was here"})
        await notes.delete_one({"_id": 2})


async def plant_in_queue(settings: StackSettings) -> None:
    password = ensure_secrets(StackDirectory(settings.home)).broker_password
    async with await aio_pika.connect(f"amqp://{OPERATOR}:{password}@127.0.0.1:{settings.ports['rabbit']}/") as broker:
        channel = await broker.channel()
        name = dead_letter_queue("payments.planted")
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(gzip.compress(PLANTED.encode()), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, name)


async def plant_in_mail(settings: StackSettings) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@customers.example", "b@customers.example", "Receipt"
    mail.set_content(f"Your card {PLANTED[:8]} {PLANTED[8:]} – thank you", cte="base64")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=settings.ports["smtp"])


def plant_in_file(name: str, content: bytes) -> Callable[[StackSettings], Awaitable[None]]:
    async def plant(settings: StackSettings) -> None:
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return plant


PLANTS = {
    "collections": plant_in_collection,
    "database journal": plant_in_journal,
    "broker: queues and dead letters": plant_in_queue,
    "mails": plant_in_mail,
    "logs": plant_in_file("logs/planted.log", f"INFO card={PLANTED[::-1]}".encode()),
    "traces": plant_in_file(f"{TRACES}/planted", PLANTED.encode("utf-16-le")),
    "backups": plant_in_file("data/sync/backups/planted", base64.b64encode(b"x" + PLANTED.encode())),
    "files of services": plant_in_file(f"data/identity/{PLANTED}.planted", b"its name alone"),
}


async def clear_plants(settings: StackSettings) -> None:
    async with notes_of(settings, "planted") as notes:
        await notes.database.client.drop_database("planted")
    for path in settings.home.rglob("*planted*"):
        if path.is_file():
            path.unlink()


async def test_C18_a_number_planted_in_each_place_is_found(settings: StackSettings) -> None:
    assert (await scan_stack(settings, [PLANTED])).found == ()
    for plant in PLANTS.values():
        await plant(settings)
    try:
        result = await scan_stack(settings, [PLANTED])
    finally:
        await clear_plants(settings)
    assert {line.partition(": ")[0] for line in result.found} >= {place.partition(": ")[0] for place in PLANTS}
    assert PLANTED not in result.to_json()

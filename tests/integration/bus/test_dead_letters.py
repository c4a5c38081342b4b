"""``python -m shared.bus dead``: what an operator sees and does, on the real broker."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.bus import EventDelivery
from shared.contracts.common_v1 import PersonalDataAccessed as Shown
from tests.integration.bus.harness import BurstError, BusHarness, eventually, many, running


async def command(*words: str, url: str | None, typed: str = "") -> tuple[int, str, str]:
    """Run the command as an operator does; return exit code, stdout, stderr."""
    env = {name: value for name, value in os.environ.items() if name != "AMQP_URL"} | ({"AMQP_URL": url} if url else {})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.bus", *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(typed.encode()), 30)
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def queue(home: BusHarness) -> str:
    """A queue with three dead letters, whose handler would work by now."""

    async def burst(_: Shown, __: EventDelivery) -> None:
        raise BurstError

    await home.enqueue_events(3)
    consumer = home.consumer(burst, delivery_limit=1, retry_after=timedelta(milliseconds=1))
    async with running(consumer.run, home.relay().run):
        await eventually(lambda: dead(home, 3), within=20)
    return home.queues[0]


async def dead(home: BusHarness, count: int) -> bool:
    return await home.queue_size(f"{home.queues[0]}.dead") == count


async def ids_of(home: BusHarness, queue: str) -> Sequence[str]:
    return [str(letter.message_id) for letter in await home.dead_letters(queue)]


async def test_a_list_shows_each_letter_and_not_its_body(home: BusHarness, queue: str) -> None:
    code, out, _ = await command("dead", "list", queue, url=home.amqp_url)
    assert code == 0
    assert f"{queue}: 3 dead" in out
    for letter in await ids_of(home, queue):
        assert letter in out
    assert out.count("delivery_limit") == 3
    assert out.count(home.fact_type) == 3
    assert "shw_" not in out
    assert await dead(home, 3), "to look takes nothing away"


async def test_a_list_without_names_finds_every_queue(home: BusHarness, queue: str) -> None:
    async def found() -> bool:
        code, out, _ = await command("dead", "list", url=home.amqp_url)
        return code == 0 and f"{queue}: 3 dead" in out

    await eventually(found, within=20)


async def test_a_replay_gives_each_letter_its_effect_under_the_same_id(home: BusHarness, queue: str) -> None:
    ids = await ids_of(home, queue)
    code, out, _ = await command("dead", "replay", queue, url=home.amqp_url)
    assert (code, out) == (0, f"3 replayed to {queue}\n")
    assert await dead(home, 0)
    async with running(home.consumer(home.leave_effect, queue=queue, delivery_limit=1).run):
        await eventually(lambda: had_effect(home, ids))


async def test_one_letter_may_be_replayed_by_its_id(home: BusHarness, queue: str) -> None:
    ids = await ids_of(home, queue)
    code, out, _ = await command("dead", "replay", queue, "--id", ids[1], url=home.amqp_url)
    assert (code, out) == (0, f"1 replayed to {queue}\n")
    await eventually(lambda: dead(home, 2))
    assert [message.message_id for message in await home.messages(queue)] == [ids[1]]


async def test_a_letter_that_fails_again_dies_again(home: BusHarness, queue: str) -> None:
    await command("dead", "replay", queue, url=home.amqp_url)

    async def burst(_: Shown, __: EventDelivery) -> None:
        raise BurstError

    consumer = home.consumer(burst, queue=queue, delivery_limit=1, retry_after=timedelta(milliseconds=1))
    async with running(consumer.run):
        await eventually(lambda: dead(home, 3), within=20)


async def test_a_letter_stays_when_its_queue_is_gone(home: BusHarness, queue: str) -> None:
    async with home.broker.rpc_connection.acquire_channel() as channel:
        await channel.queue_delete(queue)
    code, _, err = await command("dead", "replay", queue, url=home.amqp_url)
    assert code == 1
    assert "unroutable" in err
    assert err.count("\n") == 1
    await eventually(lambda: dead(home, 3))


async def test_dropping_asks_first(home: BusHarness, queue: str) -> None:
    code, out, _ = await command("dead", "drop", queue, url=home.amqp_url, typed="n\n")
    assert code == 1
    assert "for good?" in out
    assert await dead(home, 3)


async def test_dropping_deletes_one_or_all(home: BusHarness, queue: str) -> None:
    ids = await ids_of(home, queue)
    code, out, _ = await command("dead", "drop", queue, "--id", ids[0], url=home.amqp_url, typed="y\n")
    assert code == 0
    assert f"1 dropped from {queue}.dead" in out
    await eventually(lambda: dead(home, 2))
    assert await command("dead", "drop", queue, "--yes", url=home.amqp_url) == (0, f"2 dropped from {queue}.dead\n", "")
    assert await dead(home, 0)


@pytest.mark.parametrize(
    "words", [["--help"], ["dead", "--help"], ["dead", "list", "--help"], ["dead", "replay", "--help"]]
)
async def test_help_is_help(words: list[str]) -> None:
    code, out, _ = await command(*words, "--help", url=None)
    assert code == 0
    assert "Usage" in out


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (None, "AMQP_URL is missing"),
        ("http://127.0.0.1", "AMQP_URL must start with amqp:// or amqps://"),
        ("amqp://candor:secret@127.0.0.1:9/", "AMQP_URL: the broker does not answer"),
    ],
)
async def test_a_mistake_is_one_line_without_the_password(url: str | None, says: str) -> None:
    code, out, err = await command("dead", "list", "payments.erasure", url=url)
    assert code in (1, 2)
    assert err.startswith(says)
    assert err.count("\n") == 1
    assert "secret@" not in err or "example" in err
    assert out == ""


async def test_a_queue_that_is_not_there_is_named(home: BusHarness) -> None:
    code, _, err = await command("dead", "list", "nobody.nothing", url=home.amqp_url)
    assert (code, err) == (1, "there is no queue nobody.nothing.dead\n")


async def had_effect(home: BusHarness, ids: Sequence[str]) -> bool:
    return many(await home.effects(), ids)

"""A service starts, works, tells how it is, and ends when it is told to with its work done."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import monotonic, utc_now
from shared.contracts import identity_v1
from shared.ids import new_id
from shared.mongo import Database, open_database
from shared.web import issue_access_token
from tests.integration.chassis.minimal_service import Note
from tests.integration.chassis.process import Tiny, settings_of, tiny
from tests.support import RawWriter
from tests.support.fake_services import open_fake_services, until
from tests.support.http import PUBLIC_URL, a_customer


@pytest.fixture(scope="module")
async def name(planter: RawWriter) -> AsyncIterator[str]:
    """The name of a database that is gone afterwards."""
    made = new_id("test")
    yield made
    await planter.drop_database(made)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory, name: str, mongo_url: str, amqp_url: str) -> dict[str, str]:
    """What all processes of this module share, the keyring too: it opens what is in the database."""
    keyring = settings_of(tmp_path_factory.mktemp("keys"))["CANDOR_KEYRING"]
    return {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DATABASE": name, "CANDOR_KEYRING": keyring}


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, parts: dict[str, str]) -> AsyncIterator[Tiny]:
    """One process for all tests of this module: they go through its life from the start to the end."""
    home = tmp_path_factory.mktemp("tiny")
    async with tiny(home, **parts, TINY_WORKER=str(home / "fail"), TINY_PAUSE="0.5") as service:
        await service.becomes(200, within=40)
        yield service


@pytest.fixture
async def stored(parts: dict[str, str], mongo_driver: str) -> AsyncIterator[Database]:
    async with open_database(parts["MONGO_URL"], parts["MONGO_DATABASE"], driver=mongo_driver) as opened:
        yield opened


async def heard(stored: Database, note_id: str) -> Note:
    async def once() -> list[Note]:
        return await stored.get_collection(Note).list({"_id": note_id, "heard": {"$gte": 1}}, limit=1)

    [note] = await until(once)
    return note


async def test_it_serves_the_pages_that_all_services_have(running: Tiny) -> None:
    data_map = (await running.ask("GET", "/v1/tiny/data-map")).json
    assert data_map["service"] == "tiny"
    assert "idempotency" in {each["collection"] for each in data_map["collections"]}
    assert "/v1/tiny/notes" in (await running.ask("GET", "/v1/tiny/openapi.json")).json["paths"]
    packed = await running.ask("PUT", "/tiny/raw", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert packed.body == b"\x1f\x8b"


async def test_the_trace_of_a_request_goes_on_in_the_delivery_of_its_fact(running: Tiny, stored: Database) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"Idempotency-Key": "7", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    reply = await running.ask("POST", "/v1/tiny/notes", json={"note_id": "note_7"}, headers=headers)
    assert reply.status == 201
    assert (await heard(stored, "note_7")).traceparent.split("-")[1] == trace


async def test_a_worker_that_fails_is_begun_anew_and_readiness_tells(running: Tiny) -> None:
    fail = running.log.with_name("fail")
    fail.touch()
    await running.becomes(503, within=10)
    reply = await running.ask("GET", "/readyz")
    assert reply.json["fields"] == [{"field": "demo-worker", "code": "missing", "message": "RuntimeError"}]
    assert (await running.write(2)).status == 201, "what does not need the worker goes on"
    fail.unlink()
    await running.becomes(200, within=20)
    faults = [line for line in running.lines() if line["event"] == "task.failed"]
    assert faults[0]["task"] == "demo-worker"
    assert faults[0]["exception"][0]["at"][-1].endswith("work")


async def test_it_ends_with_what_is_in_hand_and_does_not_wait_for_what_never_ends(
    running: Tiny, stored: Database
) -> None:
    slow = asyncio.create_task(running.ask("GET", "/v1/tiny/slow"))
    stuck = asyncio.create_task(running.status("/v1/tiny/stuck"))
    assert (await running.write(1)).status == 201
    await asyncio.sleep(0.2)
    began = monotonic()
    assert await running.stop(within=25) == 0
    assert monotonic() - began < 25
    assert ((await slow).status, await stuck) == (200, 0)
    lines = running.lines()
    assert lines[-1]["event"] == "service.stopped"
    assert [line for line in lines if line["level"] == "error" and line.get("task") != "demo-worker"] == []
    note = await stored.get_collection(Note).get("note_1")
    assert note is not None
    assert note.heard <= 1


async def test_a_delivery_in_hand_is_finished_before_the_end(
    tmp_path: Path, parts: dict[str, str], stored: Database
) -> None:
    async with tiny(tmp_path, **parts, TINY_PAUSE="2") as service:
        await service.becomes(200, within=40)
        assert (await service.write(11)).status == 201

        async def in_hand() -> bool:
            metrics = (await service.ask("GET", "/metrics")).body.decode()
            return re.search(r'candor_outbox_publish_total\{outcome="confirmed"\} [1-9]', metrics) is not None

        await until(in_hand, patience=60)
        await asyncio.sleep(0.5)
        assert await service.stop() == 0
        assert [line for line in service.lines() if line["level"] == "error"] == []
    note = await stored.get_collection(Note).get("note_11")
    assert note is not None
    assert note.heard == 1


async def test_C22_it_asks_identity_whom_to_believe_and_hears_at_once_of_ended_sessions(
    tmp_path: Path, parts: dict[str, str]
) -> None:
    async with tiny(tmp_path, **parts, TINY_TRUST="asked") as service:
        await service.becomes(503, within=40)

        async def waits_for_identity_alone() -> bool:
            reply = await service.ask("GET", "/readyz")
            assert reply.status == 503, "no one is let in before it is known whom to believe"
            return [each["field"] for each in reply.json["fields"]] == ["signing-keys"]

        await until(waits_for_identity_alone, patience=40)
        async with open_fake_services(parts["AMQP_URL"], callers=("tiny",)) as identity:
            await service.becomes(200, within=40)
            who = a_customer(auth_time=utc_now())
            headers = {
                "Authorization": f"Bearer {issue_access_token(who, identity.key, issuer=PUBLIC_URL, at=utc_now())}"
            }
            assert (await service.ask("GET", "/v1/tiny/mine", headers=headers)).status == 200
            ended = identity_v1.SessionRevoked(session_id=who.session)
            ended.tokens_expire_at.FromDatetime(utc_now() + timedelta(minutes=10))
            began = monotonic()
            await identity.publish_event(ended)

            async def refused() -> bool:
                reply = await service.ask("GET", "/v1/tiny/mine", headers=headers)
                return reply.status == 401 and reply.code == "auth.session.revoked"

            await until(refused)
            assert monotonic() - began < 3, "two seconds, and one that the route takes"


async def test_a_database_of_an_older_build_ends_it_with_one_line(
    tmp_path: Path, parts: dict[str, str], mongo_url: str, mongo_driver: str, planter: RawWriter
) -> None:
    async with open_database(mongo_url, new_id("test"), driver=mongo_driver) as older:
        await planter.write_raw(older, "notes", {"_id": "note_1"})
        async with tiny(tmp_path, **{**parts, "MONGO_DATABASE": older.name}) as service:
            assert await asyncio.wait_for(service.process.wait(), 40) == 2
            last = service.tail().splitlines()[-1]
        assert last.startswith(f"tiny: MONGO_DATABASE={older.name} holds data of an older build")
        assert "drop the database" in last
        await planter.drop_database(older.name)

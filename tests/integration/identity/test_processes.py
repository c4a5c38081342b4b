"""Identity as it runs in production: two replicas, killed and stopped, with real mail and real facts."""

import asyncio
import io
import signal
import zipfile
from collections.abc import AsyncIterator
from time import perf_counter

import aiohttp
import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES, SERVICES
from tests.integration.identity.fake_services import FakePeers, receipt
from tests.integration.identity.process import Replicas
from tests.support import RawWriter
from tests.support.fake_services import mailbox

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
async def replicas(
    mongo_url: str, amqp_url: str, around: FakePeers, planter: RawWriter, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Replicas]:
    async with mailbox() as box, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
        found = Replicas(parts=parts, home=tmp_path_factory.mktemp("replicas"), box=box, http=http)
        try:
            yield found
        finally:
            await found.end_all()
    await planter.drop_database(found.database)


async def test_C22_a_session_ended_at_one_replica_is_refused_by_the_other_within_two_seconds(
    replicas: Replicas,
) -> None:
    one, other = await replicas.start(), await replicas.start()
    ada = await replicas.member(one)
    assert (await replicas.call(other, "GET", "/v1/identity/me", by=ada)).status == 200
    began = perf_counter()
    assert (await replicas.call(one, "DELETE", "/v1/identity/sessions/current", by=ada)).status == 204
    while (await replicas.call(other, "GET", "/v1/identity/me", by=ada)).status == 200:
        assert perf_counter() - began < 2
        await asyncio.sleep(0.01)


async def test_C26_an_export_survives_the_death_of_whoever_collects_it(replicas: Replicas, around: FakePeers) -> None:
    [survivor, victim] = sorted(replicas.running)
    around.pages["sync"] = [[(f"{number}.bin", bytes(200_000))] for number in range(30)]
    ada = await replicas.member(victim)
    asked = await replicas.call(victim, "POST", "/v1/identity/exports", by=ada)
    path = f"/v1/identity/exports/{asked.body['export_id']}"
    await asyncio.sleep(0.2)
    await replicas.end(victim, signal.SIGKILL)
    await replicas.becomes(survivor, path, "ready", by=ada)
    content = (await replicas.call(survivor, "GET", f"{path}/archive", by=ada)).body
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert sum(name.startswith("sync/") for name in archive.namelist()) == 30
        assert {name.partition("/")[0] for name in archive.namelist()} >= set(SERVICES)


async def test_C31_an_erasure_survives_the_death_of_all_replicas(replicas: Replicas, around: FakePeers) -> None:
    [port] = replicas.running
    ada = await replicas.member(port)
    asked = await replicas.call(port, "POST", "/v1/identity/erasures", {"password": ada.password}, by=ada)
    assert asked.status == 202, asked
    path = f"/v1/identity/erasures/{asked.body['erasure_id']}"
    await around.publish_event(receipt(asked.body["erasure_id"]), by=OTHER_SERVICES[0])
    await replicas.end(port, signal.SIGKILL)
    for service in OTHER_SERVICES[1:]:
        await around.publish_event(receipt(asked.body["erasure_id"]), by=service)
    again = await replicas.start()
    done = await replicas.becomes(again, path, "completed")
    assert {one["service"] for one in done.body["receipts"] if one["state"] == "completed"} == set(SERVICES)


async def test_it_stops_cleanly_when_it_is_told_to(replicas: Replicas) -> None:
    [port] = replicas.running
    began = perf_counter()
    assert await replicas.end(port) == 0
    assert perf_counter() - began < 25
    assert "service.stopped" in (replicas.home / "log").read_text(encoding="utf-8")

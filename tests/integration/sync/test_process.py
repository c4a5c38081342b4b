"""The service as it runs in production: a process of its own, the broker between it and identity, a crash."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from shared.bus import RpcContext, RpcHandler, RpcServer
from shared.clock import monotonic, utc_now
from shared.contracts import common_v1, identity_v1
from shared.ids import new_id
from shared.policy import Purpose
from tests.integration.sync.harness import MIB, DavClient
from tests.support.fake_services import FakeServices, open_fake_services, until
from tests.support.running import Running, person, running

pytestmark = pytest.mark.timeout(120)


@dataclass(slots=True)
class AppPasswords:
    """What identity knows of Ada's devices."""

    revoked: set[str] = field(default_factory=set)
    purposes: set[Purpose] = field(default_factory=set)
    unanswered: int = 0
    """So many questions are taken and never answered, as by a replica that dies with them."""

    async def verify(
        self, request: identity_v1.CredentialVerifyRequest, asked: RpcContext
    ) -> identity_v1.CredentialVerifyReply:
        self.purposes.add(asked.purpose)
        if self.unanswered:
            self.unanswered -= 1
            await asyncio.sleep(6)
        if request.app_password in self.revoked:
            return identity_v1.CredentialVerifyReply(accepted=False)
        reply = identity_v1.CredentialVerifyReply(
            accepted=True,
            account_id=f"acc_{request.username}",
            app_password_id=f"app_{request.app_password}",
            scope="read_write",
        )
        reply.expires_at.FromDatetime(utc_now() + timedelta(days=1))
        return reply


@pytest.fixture(scope="module")
async def identity(amqp_url: str) -> AsyncIterator[FakeServices]:
    """Identity as far as it answers for tokens."""
    async with open_fake_services(amqp_url) as found:
        yield found


@pytest.fixture(scope="module")
async def passwords(identity: FakeServices) -> AsyncIterator[AppPasswords]:
    """Identity as far as it answers for app passwords."""
    known = AppPasswords()
    answer = RpcHandler("identity.credential.verify", identity_v1.CredentialVerifyRequest, known.verify)
    answering = asyncio.create_task(RpcServer(identity.broker, [answer], utc_now).run())
    yield known
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)


@pytest.fixture(scope="module")
async def sync(
    mongo_url: str,
    amqp_url: str,
    identity: FakeServices,
    passwords: AppPasswords,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """The service in a process of its own."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
    async with running("sync", parts=parts, neighbours=identity, home=tmp_path_factory.mktemp("home")) as started:
        yield started


def _device(sync: Running, password: str, *, username: str = "ada") -> DavClient:
    url = f"http://127.0.0.1:{sync.port}"
    return DavClient(url=url, http=sync.http, username=username, device=f"app_{password}", password=password)


async def test_a_revocation_over_the_broker_takes_effect_within_two_seconds(
    sync: Running, identity: FakeServices, passwords: AppPasswords
) -> None:
    phone = _device(sync, "phone")
    assert (await phone.put("a.txt", b"a")).status == 201
    assert passwords.purposes == {Purpose.SYNC}
    passwords.revoked.add("phone")
    assert (await phone.get("a.txt")).status == 200, "the answer is remembered"
    await identity.publish_event(identity_v1.AppPasswordRevoked(app_password_id="app_phone", account_id="acc_ada"))
    began = monotonic()

    async def refused() -> bool:
        return (await phone.get("a.txt")).status == 401

    await until(refused)
    assert monotonic() - began < 2


async def test_an_answer_that_died_with_a_replica_of_identity_is_asked_for_again(
    sync: Running, passwords: AppPasswords
) -> None:
    passwords.unanswered = 1
    assert (await _device(sync, "watch").put("b.txt", b"b")).status == 201


async def test_C31_erasure_and_export_over_the_broker(sync: Running, identity: FakeServices) -> None:
    desk = _device(sync, "desk")
    await desk.put("letter.txt", b"Dear Ada")
    request = common_v1.ExportPageRequest(export_id="exp_1", account_id="acc_ada")
    page = await identity.call_rpc("sync.export.page", request, common_v1.ExportPageReply, purpose=Purpose.EXPORT)
    assert b"letter.txt" in page.items[0].content
    erasure = identity_v1.ErasureRequested(erasure_id="era_1", account_id="acc_ada")
    await identity.publish_event(erasure)

    async def receipt() -> list[common_v1.ErasureCompleted]:
        return identity.received_events("sync.erasure.completed.v1", common_v1.ErasureCompleted)

    (done,) = await until(receipt)
    assert done.erasure_id == "era_1"
    assert done.erased_counts["account_keys"] == 1
    assert (await desk.get("letter.txt")).status == 403


async def test_a_crash_in_the_middle_of_a_restore_makes_no_second_copy_and_loses_nothing(sync: Running) -> None:
    # The first of the two crashes: each takes the leases along, and their successor waits for them.
    desk, film = _device(sync, "studio", username="carol"), bytes(range(256)) * (64 * MIB // 256)
    carol = replace(person("customer"), id="acc_carol", session="ses_carol")
    await desk.mkcol("holiday")
    await desk.put("holiday/letter.txt", b"Dear Bob")
    await desk.put("holiday/film.bin", film)
    backup = (await sync.call("POST", "/v1/sync/backups", by=person("staff", "engineer"), key=new_id("key"))).body
    mine, body = "/v1/sync/backups/mine", {"backup_id": backup["backup_id"]}

    async def held() -> bool:
        return backup["backup_id"] in {
            one["backup_id"] for one in (await sync.call("GET", mine, by=carol)).body["items"]
        }

    await until(held)
    asked = (await sync.call("POST", "/v1/sync/restores", by=carol, body=body, key=new_id("key"))).body

    async def now() -> dict[str, Any]:
        told: dict[str, Any] = (await sync.call("GET", f"/v1/sync/restores/{asked['restore_id']}", by=carol)).body
        return told

    async def come(state: str) -> dict[str, Any]:
        told = await now()
        return told if told["state"] == state and told["files_total"] else {}

    began = await until(lambda: come("running"))
    await sync.kill()
    assert began["bytes"] < len(film)
    await sync.start()
    done = await until(lambda: come("succeeded"), patience=60)
    assert (done["files"], done["folders"], done["missing"]) == (2, 2, 0)
    place = done["restored_to"]
    assert await desk.names() == {"holiday/", f"{place.replace(' ', '%20')}/"}
    assert (await desk.get(f"{place}/holiday/film.bin")).body == film
    usage = (await sync.call("GET", "/v1/sync/usage", by=carol)).body
    assert usage["available_bytes"] == usage["quota_bytes"] - usage["used_bytes"], "no room is held any more"


async def test_a_crash_in_the_middle_of_an_upload_loses_nothing(sync: Running) -> None:
    laptop = _device(sync, "laptop", username="bob")
    await laptop.put("book.bin", b"old" * 100_000)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"n" * (2 * MIB)
        await sync.kill()
        yield b"n" * MIB

    with pytest.raises(aiohttp.ClientError):
        await laptop.ask("PUT", "book.bin", {}, slowly())
    await sync.start()
    assert (await laptop.get("book.bin")).body == b"old" * 100_000


async def test_C19_the_probe_reports_while_the_service_runs(sync: Running, identity: FakeServices) -> None:
    async def told() -> list[common_v1.PromiseChecked]:
        facts = identity.received_events("sync.promise.checked.v1", common_v1.PromiseChecked)
        return [fact for fact in facts if fact.promise_id == "C19" and fact.sample_size]

    assert {fact.state for fact in await until(told)} == {"kept"}


async def test_it_stops_when_it_is_told_to(sync: Running) -> None:
    assert await sync.stop() == 0

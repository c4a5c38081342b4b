"""Exports: one archive with the parts of all six services, resumable, behind a fresh log-in, for a week (C26)."""

import io
import json
import warnings
import zipfile
from datetime import timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES, SERVICES
from services.identity.store import ExportChunkDocument, ExportPartDocument
from shared.ids import new_id
from shared.registry import get_registry
from tests.integration.identity.fake_services import FakePeers
from tests.integration.identity.harness import IdentityHarness, Person, Reply
from tests.integration.identity.second_factors import with_totp
from tests.support.fake_services import until

PATH = "/v1/identity/exports"


@pytest.fixture(autouse=True)
def quiet(around: FakePeers) -> None:
    around.pages.clear()
    around.silent.clear()


async def begun(identity: IdentityHarness, ada: Person) -> str:
    asked = await identity.call("POST", PATH, by=ada, once=True)
    assert (asked.status, asked.body.get("state")) == (202, "collecting"), asked
    return str(asked.body["export_id"])


async def ready(identity: IdentityHarness, ada: Person, export_id: str) -> Reply:
    async def is_ready() -> bool:
        identity.clock.advance(timedelta(milliseconds=100))
        reply = await identity.call("GET", f"{PATH}/{export_id}", by=ada)
        return bool(reply.body["state"] == "ready")

    async with identity.run_workers("collect-exports"):
        assert await until(is_ready)
    return await identity.call("GET", f"{PATH}/{export_id}", by=ada)


async def archive(identity: IdentityHarness, ada: Person, export_id: str) -> bytes:
    reply = await identity.call("GET", f"{PATH}/{export_id}/archive", by=ada)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip"), reply
    return bytes(reply.body)


def opened(content: bytes) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(content))
    assert found.testzip() is None
    return found


async def test_C26_the_archive_holds_the_parts_of_all_six_services(
    identity: IdentityHarness, around: FakePeers
) -> None:
    big = bytes(range(256)) * 2048
    around.pages["sync"] = [
        [("files/large.bin", big[:300_000])],
        [("files/large.bin", big[300_000:]), ("files/ünïcode & more.txt", b"names are bytes too\n")],
    ]
    ada = await identity.member()
    export_id = await begun(identity, ada)
    told = await ready(identity, ada, export_id)
    assert {part["service"]: part["state"] for part in told.body["parts"]} == dict.fromkeys(SERVICES, "completed")
    found = opened(await archive(identity, ada, export_id))
    names = found.namelist()
    assert {name.partition("/")[0] for name in names} == {*SERVICES, "README.txt", "index.html"}
    assert found.read("sync/files/large.bin") == big
    assert json.loads(found.read("identity/account.json"))["email"] == ada.email
    index = found.read("index.html").decode()
    assert "sync/files/%C3%BCn%C3%AFcode%20%26%20more.txt" in index
    assert "ünïcode &amp; more.txt" in index
    [letter] = [one for one in await identity.emails_to(ada.email) if one.kind == "identity.export_ready"]
    assert "http://candor.example/account/export" in letter.text


async def test_no_secret_is_in_the_archive(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    found = opened(await archive(identity, ada, export_id))
    everything = b"".join(found.read(name) for name in found.namelist()).decode()
    assert "laptop" in everything
    for secret in ("argon2", made.body["app_password"], ada.refresh, ada.access):
        assert secret not in everything


async def test_the_same_export_gives_the_same_bytes(identity: IdentityHarness) -> None:
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    assert await archive(identity, ada, export_id) == await archive(identity, ada, export_id)


async def test_no_name_of_a_file_leads_out_of_its_folder_or_into_the_page(
    identity: IdentityHarness, around: FakePeers
) -> None:
    hostile = ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "<script>alert(1)</script>.html", "a\x00b", "", "C:x"]
    around.pages["sync"] = [[(name, b"x")] for name in hostile]
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = opened(await archive(identity, ada, export_id))
    mine = [name for name in found.namelist() if name.startswith("sync/")]
    assert len(mine) == len(set(mine)) == len(hostile)
    assert all(".." not in name.split("/") and ":" not in name for name in mine)
    assert "<script>" not in found.read("index.html").decode()


async def test_a_name_that_windows_cannot_open_is_changed_and_written_down(
    identity: IdentityHarness, around: FakePeers
) -> None:
    around.pages["sync"] = [[("notes/aux.txt", b"1"), ("what?.md", b"2"), ("end. ", b"3"), ("plain.txt", b"4")]]
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    found = opened(await archive(identity, ada, export_id))
    mine = {name for name in found.namelist() if name.startswith("sync/")}
    assert mine == {"sync/notes/_aux.txt", "sync/what_.md", "sync/end", "sync/plain.txt"}
    index = found.read("index.html").decode()
    assert "what_.md</a> (its name is &#x27;what?.md&#x27;)" in index
    assert "plain.txt</a></li>" in index


async def test_a_silent_service_delays_the_export_and_loses_nothing(
    identity: IdentityHarness, around: FakePeers
) -> None:
    around.silent.add("payments")
    ada = await identity.member()
    export_id = await begun(identity, ada)
    parts = identity.chassis.db.get_collection(ExportPartDocument)

    async def only_one_is_missing() -> bool:
        waiting = await parts.list({"export_id": export_id, "state": "pending"})
        return [part.service for part in waiting if part.failure_count] == ["payments"] and len(waiting) == 1

    async with identity.run_workers("collect-exports"):
        assert await until(only_one_is_missing)
    assert (await identity.call("GET", f"{PATH}/{export_id}/archive", by=ada)).code == "identity.export.not_ready"
    around.silent.clear()
    identity.clock.advance(timedelta(minutes=5))
    await ready(identity, await identity.log_in(ada), export_id)


async def test_pages_that_were_kept_are_not_asked_for_again(identity: IdentityHarness, around: FakePeers) -> None:
    around.pages["sync"] = [[("a.txt", b"one ")], [("a.txt", b"two ")], [("a.txt", b"three")]]
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    parts = await identity.chassis.db.get_collection(ExportPartDocument).list(
        {"export_id": export_id, "service": "sync"}
    )
    assert [part.chunk_count for part in parts] == [3]
    assert opened(await archive(identity, ada, export_id)).read("sync/a.txt") == b"one two three"


async def test_there_is_one_export_at_a_time(identity: IdentityHarness) -> None:
    ada = await identity.member()
    first = await begun(identity, ada)
    again = await identity.call("POST", PATH, by=ada, once=True)
    assert (again.status, again.body["export_id"]) == (202, first)
    await ready(identity, ada, first)
    second = await begun(identity, ada)
    states = {item["export_id"]: item["state"] for item in (await identity.call("GET", PATH, by=ada)).body["items"]}
    assert states == {first: "expired", second: "collecting"}


async def test_nobody_sees_the_export_of_another(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    for path in (f"{PATH}/{export_id}", f"{PATH}/{export_id}/archive", f"{PATH}/{new_id('exp')}"):
        assert (await identity.call("GET", path, by=eve)).code == "identity.export.not_found"


async def test_the_archive_needs_a_fresh_log_in_and_is_gone_after_a_week(identity: IdentityHarness) -> None:
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    identity.clock.advance(timedelta(minutes=16))
    stale = await identity.refresh(ada.refresh)
    ada.access = stale.body["access_token"]
    refused = await identity.call("GET", f"{PATH}/{export_id}/archive", by=ada)
    assert refused.code == "auth.session.reauthentication_required"
    again = await identity.log_in(ada)
    assert await archive(identity, again, export_id)
    identity.clock.advance(timedelta(days=7))
    later = await identity.log_in(ada)
    assert (await identity.call("GET", f"{PATH}/{export_id}/archive", by=later)).code == "identity.export.not_ready"


async def test_an_expired_archive_is_deleted(identity: IdentityHarness) -> None:
    ada = await identity.member()
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    identity.clock.advance(timedelta(days=8))
    chunks = identity.chassis.db.get_collection(ExportChunkDocument)

    async def gone() -> bool:
        return await chunks.count_documents({"export_id": export_id}) == 0

    async with identity.run_workers("purge-expired"):
        assert await until(gone)


def test_all_others_are_asked() -> None:
    assert {"identity", *OTHER_SERVICES} == set(get_registry().with_personal_data)


async def test_C26_the_archive_holds_the_security_log_and_no_secret(identity: IdentityHarness) -> None:
    ada = await identity.member()
    app, codes = await with_totp(identity, ada)
    export_id = await begun(identity, ada)
    await ready(identity, ada, export_id)
    found = opened(await archive(identity, ada, export_id))
    # All at one time, as the clock stands still: their order says nothing.
    assert "logged_in" in {one["event"] for one in json.loads(found.read("identity/security_log.json"))["events"]}
    assert json.loads(found.read("identity/second_factors.json"))["recovery_codes_left"] == 10
    everything = b"".join(found.read(name) for name in found.namelist() if name.startswith("identity/")).decode()
    assert not any(secret in everything for secret in (app.secret, *codes))

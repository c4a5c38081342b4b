"""Telemetry as an app uses it: anonymous whatever is sent along, closed lists only."""

import json

import pytest

from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1, telemetry_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, until
from tests.support.running import Running, person

OPT_INS, REPORTS, RELEASES = "/v1/telemetry/opt-ins", "/v1/telemetry/reports", "/v1/telemetry/releases"
STRANGER = f"ins_{'0' * 26}"


def a_report(installation: str = STRANGER, **changed: object) -> dict[str, object]:
    return {
        "installation": installation,
        "question_version": 1,
        "program": "omnifocus",
        "version": "4.8",
        "os": "macos-26",
        "locale": "en",
        "counters": {"launches": 3},
        **changed,
    }


async def opted_in(service: Running) -> str:
    made = await service.call("POST", OPT_INS, body={"question_version": 1}, key=new_id("key"))
    assert made.status == 201
    return str(made.body["installation"])


async def test_C03_opt_in_report_and_withdraw(service: Running) -> None:
    refused = await service.call("POST", REPORTS, body=a_report())
    assert (refused.status, refused.body["code"]) == (403, "telemetry.opt_in.required")
    installation = await opted_in(service)
    assert (await service.call("POST", REPORTS, body=a_report(installation))).status == 202
    assert (await service.call("DELETE", f"{OPT_INS}/{installation}")).status == 204
    assert (await service.call("POST", REPORTS, body=a_report(installation))).status == 403


async def test_an_account_that_is_sent_along_is_not_read_and_not_stored(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    who = person("customer", number=new_id("acc").removeprefix("acc_"))
    made = await service.call("POST", OPT_INS, by=who, body={"question_version": 1}, key=new_id("key"))
    report = a_report(made.body["installation"])
    assert (await service.call("POST", REPORTS, by=who, body=report)).status == 202
    forged = {"Authorization": "Bearer forged", "Cookie": f"session={who.id}"}
    assert (await service.call("POST", REPORTS, body=report, headers=forged)).status == 202
    everything = [
        await planter.read_raw(stored, name) for name in await planter.client[stored.name].list_collection_names()
    ]
    assert who.id not in f"{everything} {service.log.read_text(encoding='utf-8')}"


async def test_no_address_of_a_client_is_stored_or_logged(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    headers = {"X-Forwarded-For": "203.0.113.77", "User-Agent": "canary-agent", "Referer": "http://canary.example"}
    made = await service.call("POST", OPT_INS, body={"question_version": 1}, key=new_id("key"), headers=headers)
    await service.call("POST", REPORTS, body=a_report(made.body["installation"]), headers=headers)
    await service.call("POST", REPORTS, raw=b"{", headers=headers)
    everything = [
        await planter.read_raw(stored, name) for name in await planter.client[stored.name].list_collection_names()
    ]
    kept = f"{everything} {service.log.read_text(encoding='utf-8')}"
    for trace in ("203.0.113.77", "canary"):
        assert trace not in kept


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "http.request.malformed"),
        (b"", 400, "http.request.malformed"),
        (json.dumps(a_report(name="Ada")).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(program="/Users/ada/secret")).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(os="plan9")).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(version="4.8.1")).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(counters={"secrets": 1})).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(counters={"launches": -1})).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(counters={"launches": 1.5})).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report(counters={"launches": 10**12})).encode(), 422, "http.request.invalid"),
        (json.dumps(a_report("ins_short")).encode(), 422, "http.request.invalid"),
        (b" " * 20_000, 413, "http.request.too_large"),
    ],
)
async def test_what_is_not_on_the_lists_is_refused_and_not_stored(
    service: Running, stored: Database, planter: RawWriter, raw: bytes, status: int, code: str
) -> None:
    before = await planter.read_raw(stored, "reports")
    refused = await service.call("POST", REPORTS, raw=raw)
    assert (refused.status, refused.body["code"]) == (status, code)
    assert await planter.read_raw(stored, "reports") == before
    assert "Ada" not in service.log.read_text(encoding="utf-8")


async def test_a_report_is_never_an_address(service: Running) -> None:
    refused = await service.call("GET", f"{REPORTS}?installation={STRANGER}")
    assert (refused.status, refused.body["code"]) == (405, "http.method.not_allowed")


async def test_a_flood_from_one_address_is_refused_and_says_until_when(service: Running) -> None:
    headers = {"X-Forwarded-For": "203.0.113.200"}
    answers = [
        await service.call("POST", OPT_INS, body={"question_version": 9}, key=new_id("key"), headers=headers)
        for _ in range(301)
    ]
    assert [each.status for each in answers] == [422] * 300 + [429]
    assert answers[-1].headers["Retry-After"]


async def test_C15_a_release_of_the_running_service_is_public(service: Running, fake_services: FakeServices) -> None:
    for _ in range(6):
        await service.call("POST", REPORTS, body=a_report(await opted_in(service)))
    engineer, key = person("staff", "engineer"), new_id("key")
    for who, status in ((None, 401), (person("customer"), 403), (person("staff", "support"), 403)):
        refused = await service.call("POST", RELEASES, by=who, body={"week": None}, key=new_id("key"))
        assert refused.status == status
    made = await service.call("POST", RELEASES, by=engineer, body={"week": None}, key=key)
    assert made.status == 201
    public = (await service.call("GET", "/v1/telemetry/statistics")).body["releases"]
    mine = next(each for each in public if each["release_id"] == made.body["release_id"])
    assert mine["cells"]
    assert all(cell["count"] >= mine["min_group_size"] for cell in mine["cells"])

    async def told() -> bool:
        facts = fake_services.received_events("telemetry.release.published.v1", telemetry_v1.ReleasePublished)
        return any(fact.release_id == made.body["release_id"] for fact in facts)

    await until(told)


@pytest.mark.parametrize("week", ["2026-W99", "0000-W01", "2999-W01", "week"])
async def test_what_is_no_week_is_refused(service: Running, week: str) -> None:
    body = {"week": week}
    refused = await service.call("POST", RELEASES, by=person("staff", "admin"), body=body, key=new_id("key"))
    assert refused.status in {404, 422}


async def test_C31_an_erasure_gets_its_receipt_and_an_export_says_why_it_is_empty(
    service: Running, fake_services: FakeServices
) -> None:
    fact = identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=new_id("acc"))
    await fake_services.publish_event(fact)

    async def receipt() -> bool:
        told = fake_services.received_events("telemetry.erasure.completed.v1", common_v1.ErasureCompleted)
        return any(each.erasure_id == fact.erasure_id for each in told)

    await until(receipt)
    page = await fake_services.call_rpc(
        "telemetry.export.page",
        common_v1.ExportPageRequest(export_id="exp_1", account_id=fact.account_id),
        common_v1.ExportPageReply,
        purpose=Purpose.EXPORT,
    )
    assert json.loads(page.items[0].content)["records"] == []
    assert not page.next_cursor


async def test_C31_what_a_member_of_staff_left_goes_with_the_account(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    engineer = person("staff", "engineer", number=new_id("acc").removeprefix("acc_"))
    for _ in range(6):
        await service.call("POST", REPORTS, body=a_report(await opted_in(service)))
    await service.call("POST", RELEASES, by=engineer, body={"week": None}, key=new_id("key"))
    week = (await service.call("GET", "/v1/telemetry/statistics")).body["releases"][0]["week"]
    again = await service.call("POST", RELEASES, by=engineer, body={"week": week}, key=new_id("key"))
    assert again.status == 409
    assert engineer.id in str(await planter.read_raw(stored, "idempotency"))
    await fake_services.publish_event(identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=engineer.id))

    async def gone() -> bool:
        return engineer.id not in str(await planter.read_raw(stored, "idempotency"))

    assert await until(gone)


async def test_the_running_probes_say_kept(service: Running, fake_services: FakeServices) -> None:
    began = utc_now()

    async def said() -> bool:
        told = fake_services.received_events("telemetry.promise.checked.v1", common_v1.PromiseChecked)
        kept = {
            fact.promise_id for fact in told if fact.state == "kept" and fact.checked_at.seconds > began.timestamp()
        }
        return {"C01", "C03", "C15", "C17", "C18"} <= kept

    assert await until(said)

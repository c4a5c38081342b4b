"""What a stranger sends: refused with its reason, and nothing of it is stored, logged or counted as a person."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from services.telemetry.domain import QUESTION, Calendar
from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1
from shared.ids import new_id, random_bytes
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, until
from tests.support.running import Running, person
from tests.support.telemetry import Drawing, DrawnToken, report_body

TOKENS, REPORTS = "/v1/telemetry/tokens", "/v1/telemetry/reports"
MARK = "canary"
PRIVATE = ("reports", "deleted_reports", "issuances", "address_keys", "weeks")


def last_week() -> str:
    return Calendar().accepted_weeks(utc_now())[0].name


def a_report(**changed: object) -> dict[str, Any]:
    return report_body(DrawnToken(last_week(), random_bytes(32), random_bytes(64)), **changed)


def batch(*reports: Mapping[str, Any]) -> bytes:
    return json.dumps({"reports": reports}).encode()


async def rows(database: Database, planter: RawWriter) -> dict[str, list[dict[str, Any]]]:
    return {name: await planter.read_raw(database, name) for name in PRIVATE}


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "http.request.malformed"),
        (b"", 400, "http.request.malformed"),
        (batch(a_report())[:-20], 400, "http.request.malformed"),
        (batch(a_report()) + b"tail", 400, "http.request.malformed"),
        (b'{"reports": [], "reports": []}', 400, "http.request.malformed"),
        (batch(), 422, "http.request.invalid"),
        (batch(*[a_report()] * 17), 422, "http.request.invalid"),
        (batch(a_report(name=MARK)), 422, "http.request.invalid"),
        (batch(a_report(installation=f"ins_{MARK}")), 422, "http.request.invalid"),
        (batch(a_report(program=f"/Users/{MARK}/secret")), 422, "http.request.invalid"),
        (batch(a_report(os=MARK)), 422, "http.request.invalid"),
        (batch(a_report(locale="en-US")), 422, "http.request.invalid"),
        (batch(a_report(version="4.8.1")), 422, "http.request.invalid"),
        (batch(a_report(version="٤.٨")), 422, "http.request.invalid"),
        (batch(a_report(version="99.99")), 422, "telemetry.report.invalid"),
        (batch(a_report(counters={MARK: "0"})), 422, "http.request.invalid"),
        (batch(a_report(counters={"launches": "0"})), 422, "telemetry.report.invalid"),
        (batch(a_report(counters={"launches": 3, "crashes": "0", "syncs": "0"})), 422, "http.request.invalid"),
        (batch(a_report(counters={"launches": "3", "crashes": "0", "syncs": "0"})), 422, "http.request.invalid"),
        (batch(a_report(number="A" * 42)), 422, "http.request.invalid"),
        (batch(a_report(number="A" * 42 + "B")), 422, "http.request.invalid"),
        (batch(a_report(token="+" * 86)), 422, "http.request.invalid"),
        (batch(a_report(week="٢٠٢٦-W٤٩")), 422, "http.request.invalid"),
        (batch(a_report(week="2026-49")), 422, "http.request.invalid"),
        (batch(a_report(week="2025-W53")), 422, "telemetry.reports.refused"),
        (batch(a_report(question_version=QUESTION.version - 1)), 422, "telemetry.reports.refused"),
        (batch(a_report(question_version=True)), 422, "http.request.invalid"),
        (batch(a_report()), 422, "telemetry.reports.refused"),
        (b" " * 20_000, 413, "http.request.too_large"),
    ],
)
async def test_c5_02_what_is_not_on_the_lists_is_refused_and_leaves_nothing(
    service: Running, stored: Database, planter: RawWriter, raw: bytes, status: int, code: str
) -> None:
    before = await rows(stored, planter)
    refused = await service.call("POST", REPORTS, raw=raw)
    assert (refused.status, refused.body["code"]) == (status, code)
    assert await rows(stored, planter) == before
    assert MARK not in f"{refused.body} {service.log.read_text(encoding='utf-8')}"


@pytest.mark.parametrize(
    "headers", [{"Content-Encoding": "gzip"}, {"Content-Type": "text/plain"}, {"Content-Type": ""}]
)
async def test_c5_09_another_encoding_or_type_is_refused(service: Running, headers: dict[str, str]) -> None:
    assert (await service.call("POST", REPORTS, raw=batch(a_report()), headers=headers)).status == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [TOKENS, REPORTS, f"{REPORTS}/deletions"])
async def test_c5_11_a_report_is_never_an_address(service: Running, method: str, path: str) -> None:
    refused = await service.call(method, f"{path}?number={MARK}")
    assert (refused.status, refused.body["code"]) == (405, "http.method.not_allowed")


async def test_c5_10_no_address_header_or_account_of_a_client_is_stored_or_logged(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    who = person("customer", number=new_id("acc").removeprefix("acc_"))
    headers = {
        "X-Forwarded-For": "203.0.113.77",
        "User-Agent": MARK,
        "Referer": f"http://{MARK}.example",
        "Cookie": f"session={who.id}",
    }
    weeks = [week.name for week in Calendar().token_weeks(utc_now())]
    assert (await service.call("POST", TOKENS, by=who, body=Drawing(weeks).body, headers=headers)).status == 200
    forged = {**headers, "Authorization": "Bearer forged"}
    assert (await service.call("POST", TOKENS, body=Drawing(weeks).body, headers=forged)).status == 200
    for raw in (batch(a_report()), b"{", b" " * 20_000):
        await service.call("POST", REPORTS, raw=raw, headers=headers)
    kept = f"{await rows(stored, planter)} {service.log.read_text(encoding='utf-8')}"
    for trace in ("203.0.113.77", MARK, who.id):
        assert trace not in kept


async def test_C03_a_thousand_installations_that_said_no_leave_no_row(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    before = await planter.read_raw(stored, "reports")
    weeks = [week.name for week in (*Calendar().accepted_weeks(utc_now()), Calendar().week_at(utc_now()))]
    bodies = [a_report(week=weeks[place % 3]) for place in range(1_000)]
    for start in range(0, 1_000, 10):
        refused = await service.call("POST", REPORTS, raw=batch(*bodies[start : start + 10]))
        assert refused.status == 422
        assert {field["code"] for field in refused.body["fields"]} <= {"token_invalid", "week_running"}
    assert await planter.read_raw(stored, "reports") == before


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


async def test_the_running_probes_say_kept(service: Running, fake_services: FakeServices) -> None:
    began = utc_now()

    async def said() -> bool:
        told = fake_services.received_events("telemetry.promise.checked.v1", common_v1.PromiseChecked)
        fresh = {fact.promise_id: fact.state for fact in told if fact.checked_at.seconds > began.timestamp()}
        return all(fresh.get(promise) in {"kept", "nothing"} for promise in ("C01", "C17", "C18")) and "C03" in fresh

    assert await until(said)

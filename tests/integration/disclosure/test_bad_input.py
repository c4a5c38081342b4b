"""Bad input to disclosure: a problem with a stable code, and nothing stored."""

import json

import pytest

from shared.ids import new_id
from shared.mongo import Database
from tests.support import RawWriter
from tests.support.running import Running, person

CASES = "/v1/disclosure/cases"
STAFF = person("staff", "disclosure")
GOOD = {
    "ground": "law",
    "requester": "A court",
    "reference": "1",
    "fields": ["identity.accounts.email"],
    "account_ids": [f"acc_{'0' * 26}"],
}


def but(**changed: object) -> bytes:
    return json.dumps({**GOOD, **changed}).encode()


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "http.request.malformed"),
        (b'{"ground":"law","ground":"law"}', 400, "http.request.malformed"),
        (b"\xff\xfe", 400, "http.request.malformed"),
        (b"[]", 422, "http.request.invalid"),
        (but(ground="curiosity"), 422, "http.request.invalid"),
        (but(note="more"), 422, "http.request.invalid"),
        (but(account_ids="acc_1"), 422, "http.request.invalid"),
        (but(account_ids=["ada@customers.example"]), 422, "http.request.invalid"),
        (but(account_ids=[]), 422, "disclosure.case.accounts_invalid"),
        (but(account_ids=[f"acc_{'0' * 26}"] * 10_001), 422, "http.request.invalid"),
        (but(fields=[]), 422, "http.request.invalid"),
        (but(fields=["email"]), 422, "http.request.invalid"),
        (but(requester="officer@police.example"), 422, "http.request.invalid"),
        (but(reference="a\nb"), 422, "http.request.invalid"),
        (b" " * 1_048_577, 413, "http.request.too_large"),
    ],
)
async def test_a_bad_case_is_refused_and_not_stored(
    service: Running, stored: Database, planter: RawWriter, raw: bytes, status: int, code: str
) -> None:
    before = len(await planter.read_raw(stored, "cases"))
    refused = await service.call("POST", CASES, by=STAFF, raw=raw, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (status, code)
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert len(await planter.read_raw(stored, "cases")) == before


@pytest.mark.parametrize("who", [None, person("customer"), person("staff", "support"), person("staff", "engineer")])
@pytest.mark.parametrize("path", [CASES, f"{CASES}/dis_1/approvals"])
async def test_nobody_else_opens_or_approves(service: Running, who: object, path: str) -> None:
    answer = await service.call("POST", path, by=who, raw=but(), key=new_id("key"))  # type: ignore[arg-type] # a table
    assert answer.status == (403 if who else 401)


async def test_opening_needs_an_idempotency_key(service: Running) -> None:
    refused = await service.call("POST", CASES, by=STAFF, raw=but())
    assert (refused.status, refused.body["code"]) == (400, "idempotency.key.missing")


@pytest.mark.parametrize("path", [f"{CASES}/dis_nowhere", f"{CASES}/dis_nowhere/notices"])
async def test_a_case_that_is_not_there_is_not_found(service: Running, path: str) -> None:
    refused = await service.call("GET", path, by=STAFF)
    assert (refused.status, refused.body["code"]) == (404, "disclosure.case.not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=forged", "unknown=1", "limit=1&limit=2"])
async def test_a_bad_query_is_refused(service: Running, query: str) -> None:
    assert (await service.call("GET", f"{CASES}?{query}", by=STAFF)).status in {400, 422}


async def test_no_log_line_holds_what_was_sent(service: Running) -> None:
    mark = "canary-7f3a"
    await service.call("POST", CASES, by=STAFF, raw=but(requester=f"{mark}@x"), key=new_id("key"))
    assert mark not in service.log.read_text(encoding="utf-8")

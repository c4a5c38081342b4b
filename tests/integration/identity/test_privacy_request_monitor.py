"""The requests of people are watched until they are done: metrics, a reminder before the deadline, a list."""

import re
from datetime import timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import ErasureRequestDocument
from shared.observe import render_metrics
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person
from tests.integration.identity.staff_actions import place_hold
from tests.support.fake_services import until


def metric(name: str, saga: str) -> float:
    found = re.search(rf'^{name}{{kind="{saga}"}} (\S+)$', render_metrics()[0].decode(), flags=re.MULTILINE)
    return float(found.group(1)) if found else -1


async def shows(house: IdentityHarness, name: str, saga: str, value: float) -> bool:
    async def is_so() -> bool:
        return metric(name, saga) == value

    async with house.run_workers("export-request-metrics"):
        return bool(await until(is_so))


async def begun(house: IdentityHarness, ada: Person) -> str:
    asked = await house.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    return str(asked.body["erasure_id"])


async def test_C31_the_metrics_say_how_many_are_open_how_old_and_how_late(apart: IdentityHarness) -> None:
    erasure_id = await begun(apart, await apart.member())
    assert await shows(apart, "candor_privacy_requests_open", "erasure", 1)
    assert await shows(apart, "candor_privacy_requests_overdue", "erasure", 0)
    apart.clock.advance(timedelta(days=31))
    assert await shows(apart, "candor_privacy_requests_overdue", "erasure", 1)
    assert await shows(
        apart, "candor_privacy_requests_oldest_age_seconds", "erasure", timedelta(days=31).total_seconds()
    )
    for service in OTHER_SERVICES:
        await apart.record_events(receipt(erasure_id), of=service)
    assert await shows(apart, "candor_privacy_requests_open", "erasure", 0)
    assert await shows(apart, "candor_privacy_requests_oldest_age_seconds", "erasure", 0)


async def test_C26_an_export_is_counted_as_well(apart: IdentityHarness) -> None:
    await apart.call("POST", "/v1/identity/exports", by=await apart.member(), once=True)
    assert await shows(apart, "candor_privacy_requests_open", "export", 1)
    apart.clock.advance(timedelta(days=31))
    assert await shows(apart, "candor_privacy_requests_overdue", "export", 1)


async def test_C31_staff_is_reminded_once_five_days_before_the_deadline(
    apart: IdentityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    erasure_id = await begun(apart, await apart.member())

    async def reminded() -> bool:
        row = await apart.chassis.db.get_collection(ErasureRequestDocument).get(erasure_id)
        return row is not None and row.reminded_at is not None

    apart.clock.advance(timedelta(days=26))
    async with apart.run_workers("resume-and-expire"):
        assert await until(reminded)
    apart.clock.advance(timedelta(days=1))
    row = await apart.chassis.db.get_collection(ErasureRequestDocument).get(erasure_id)
    assert row is not None
    assert row.reminded_at == apart.clock() - timedelta(days=1)
    assert capsys.readouterr().out.count("privacy_request.due_soon") == 1


async def test_C31_what_a_hold_keeps_waits_for_nobody(apart: IdentityHarness) -> None:
    ada = await apart.member()
    await place_hold(apart, ada)
    await begun(apart, ada)
    apart.clock.advance(timedelta(days=40))
    assert await shows(apart, "candor_privacy_requests_open", "erasure", 1)
    assert await shows(apart, "candor_privacy_requests_oldest_age_seconds", "erasure", 0)
    assert await shows(apart, "candor_privacy_requests_overdue", "erasure", 0)


async def test_staff_sees_what_is_open_and_who_is_waited_for_but_not_whose_it_is(apart: IdentityHarness) -> None:
    ada = await apart.member()
    erasure_id = await begun(apart, ada)
    await apart.record_events(receipt(erasure_id), of="sync")
    listed = await apart.call("GET", "/v1/identity/privacy-requests", by=apart.staff["support"])
    [one] = listed.body["items"]
    assert (one["id"], one["kind"], one["state"]) == (erasure_id, "erasure", "running")
    assert set(one["pending_services"]) == {"identity", *OTHER_SERVICES} - {"sync"}
    assert ada.account_id not in str(listed.body)
    assert (await apart.call("GET", "/v1/identity/privacy-requests", by=ada)).status in {401, 403}

"""Orders over HTTP: read, captured and voided by staff, tried again, asked about when they are doubled."""

import asyncio

import pytest

from shared.ids import new_id
from tests.integration.payments.test_http import CHARGES, charged, kept, new_person
from tests.support.cards import DECLINED_LATER, REQUIRES_ACTION, SILENT_ONCE
from tests.support.running import Running, person


async def test_a_charge_and_its_refunds_are_read_by_their_owner_alone(service: Running) -> None:
    who = new_person()
    made = await charged(service, who, (await kept(service, who)).body["card_id"])
    path = f"{CHARGES}/{made.body['charge_id']}"
    assert (await service.call("GET", path, by=who)).body == made.body
    assert (await service.call("GET", f"{path}/refunds", by=who)).body["items"] == []
    for hidden in (path, f"{path}/refunds"):
        refused = await service.call("GET", hidden, by=new_person())
        assert (refused.status, refused.body["code"]) == (404, "payments.charge.not_found")


async def test_staff_capture_a_part_and_void(service: Running) -> None:
    who, staff = new_person(), person("staff", "support")
    card_id = (await kept(service, who)).body["card_id"]
    held = await charged(service, who, card_id, order={"capture": "manual", "amount": 1000})
    assert (held.status, held.body["state"]) == (201, "authorized")
    capture = f"{CHARGES}/{held.body['charge_id']}/capture"
    assert (await service.call("POST", capture, by=who, body={}, key=new_id("key"))).status == 403
    taken = await service.call("POST", capture, by=staff, body={"amount": 300}, key=new_id("key"))
    assert (taken.body["state"], taken.body["amount_captured"], taken.body["amount_released"]) == (
        "partially_captured",
        300,
        700,
    )
    void = f"{CHARGES}/{held.body['charge_id']}/void"
    refused = await service.call("POST", void, by=staff, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (409, "payments.charge.not_voidable")
    other = await charged(service, who, card_id, order={"capture": "manual"})
    ended = await service.call("POST", f"{CHARGES}/{other.body['charge_id']}/void", by=staff, key=new_id("key"))
    assert ended.body["state"] == "voided"


async def test_a_declined_charge_is_tried_again_with_another_card(service: Running) -> None:
    who = new_person()
    declined = await charged(service, who, (await kept(service, who, DECLINED_LATER)).body["card_id"])
    assert (declined.status, declined.body["code"]) == (402, "payments.card.declined")
    [failed] = (await service.call("GET", CHARGES, by=who)).body["items"]
    assert (failed["state"], failed["decline_reason"]) == ("failed", "generic_decline")
    body = {"card_id": (await kept(service, who)).body["card_id"]}
    path = f"{CHARGES}/{failed['charge_id']}/attempts"
    paid = await service.call("POST", path, by=who, body=body, key=new_id("key"))
    assert (paid.status, paid.body["state"], paid.body["attempt_count"]) == (201, "captured", 2)


@pytest.mark.parametrize(
    ("order", "code", "field"),
    [
        ({"currency": "XXX"}, "payments.currency.unsupported", "currency"),
        ({"currency": "BHD", "amount": 1234}, "payments.amount.unsupported", "amount"),
    ],
)
async def test_money_that_the_processor_cannot_take_names_its_field(
    service: Running, order: dict[str, object], code: str, field: str
) -> None:
    refused = await charged(service, new_person(), f"tok_{'0' * 26}", order=order)
    assert (refused.status, refused.body["code"], refused.body["fields"][0]["field"]) == (422, code, field)


async def test_a_second_order_while_one_is_pending_is_asked_about(service: Running) -> None:
    who = new_person()
    card_id = (await kept(service, who, SILENT_ONCE)).body["card_id"]
    first, second = await asyncio.gather(*(charged(service, who, card_id) for _ in range(2)))
    assert sorted([first.status, second.status]) == [409, 503]
    asked = first if first.status == 409 else second
    [pending] = (await service.call("GET", CHARGES, by=who)).body["items"]
    assert asked.body["code"] == "payments.charge.duplicate_order"
    assert pending["charge_id"] in asked.body["detail"]


async def test_a_customer_confirms_at_the_bank_and_comes_back_to_a_paid_charge(service: Running) -> None:
    who = new_person()
    made = await charged(service, who, (await kept(service, who, REQUIRES_ACTION)).body["card_id"])
    assert (made.status, made.body["state"]) == (201, "requires_action")
    page = "/" + made.body["action_url"].split("/", 3)[3]
    shown = await service.call("GET", page)
    assert shown.status == 200
    assert 'data-page="simulated-authentication"' in shown.body
    url = f"http://127.0.0.1:{service.port}{page}"
    async with service.http.post(url, allow_redirects=False) as confirmed:
        assert confirmed.status == 303
        assert confirmed.headers["Location"].endswith(f"/account/payments/{made.body['charge_id']}")
    paid = await service.call("GET", f"{CHARGES}/{made.body['charge_id']}", by=who)
    assert (paid.body["state"], paid.body["action_url"]) == ("captured", None)
    unknown = await service.call("POST", page[:-3] + "xyz")
    assert (unknown.status, unknown.body["code"]) == (404, "payments.charge.not_found")

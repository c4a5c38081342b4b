"""Payments as an app uses it: over HTTP, and nothing of a card anywhere afterwards (C18)."""

import asyncio
import json
import re
from collections.abc import Mapping

import pytest

from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1, payments_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from shared.settings import Secret
from shared.web import Principal
from tests.integration.payments.harness import WEBHOOK_SECRET
from tests.support import RawWriter
from tests.support.cards import DECLINED, SECURITY_CODE, SILENT_ONCE, VISA, sealed, typed
from tests.support.fake_services import FakeServices, until
from tests.support.running import Answer, Running, person
from tests.support.webhooks import sign_event

CARDS, CHARGES, REFUNDS = "/v1/payments/cards", "/v1/payments/charges", "/v1/payments/refunds"
EVENTS = "/v1/payments/processor-events"


def new_person() -> Principal:
    return person("customer", number=new_id("acc").removeprefix("acc_"))


async def jwe(service: Running, who: Principal, number: str = VISA, **changed: object) -> str:
    issued = (await service.call("GET", "/v1/payments/encryption-keys", by=who)).body
    return sealed(issued["keys"][0], typed(issued["stamp"], utc_now(), number=number, **changed))


async def kept(service: Running, who: Principal, number: str = VISA) -> Answer:
    body = {"jwe": await jwe(service, who, number)}
    return await service.call("POST", CARDS, by=who, body=body, key=new_id("key"))


async def charged(
    service: Running, who: Principal, card_id: str, *, key: str = "", order: Mapping[str, object] | None = None
) -> Answer:
    body = {"card_id": card_id, "amount": 3999, "currency": "USD", "description": "a licence", **(order or {})}
    return await service.call("POST", CHARGES, by=who, body=body, key=key or new_id("key"))


async def test_a_card_is_kept_charged_refunded_and_deleted(service: Running, fake_services: FakeServices) -> None:
    who, grace = new_person(), person("staff", "support")
    card = await kept(service, who)
    assert card.status == 201
    assert set(card.body) == {"card_id", "last4", "exp_month", "exp_year", "brand"}
    made = await charged(service, who, card.body["card_id"])
    assert (made.status, made.body["state"], made.body["minor_units"]) == (201, "captured", 2)
    order = {"charge_id": made.body["charge_id"], "amount": 1000, "reason": "Case 7: it came twice."}
    back = await service.call("POST", REFUNDS, by=grace, body=order, key=new_id("key"))
    assert (back.status, back.body["state"], back.body["approved_by"]) == (201, "succeeded", [grace.id])
    beyond = await service.call("POST", REFUNDS, by=grace, body={**order, "amount": 3000}, key=new_id("key"))
    assert (beyond.status, beyond.body["code"]) == (409, "payments.refund.exceeds_charge")
    shown = await service.call("GET", f"{CHARGES}/{made.body['charge_id']}/refunds", by=who)
    assert [(each["state"], each["amount"]) for each in shown.body["items"]] == [("succeeded", 1000)]
    assert (await service.call("DELETE", f"{CARDS}/{card.body['card_id']}", by=who)).status == 204
    assert (await service.call("GET", CARDS, by=who)).body["items"] == []

    async def told() -> bool:
        facts = fake_services.received_events("payments.charge.refunded.v1", payments_v1.ChargeRefunded)
        return any(fact.charge_id == made.body["charge_id"] for fact in facts)

    await until(told)


async def test_C21_a_customer_asks_and_two_people_decide(service: Running, fake_services: FakeServices) -> None:
    who, grace, heidi = new_person(), person("staff", "support"), person("staff", "admin", number="2")
    made = await charged(service, who, (await kept(service, who)).body["card_id"], order={"amount": 50_000})
    wish = {"amount": 20_000, "reason": "It came twice."}
    requests = f"{CHARGES}/{made.body['charge_id']}/refund-requests"
    asked = await service.call("POST", requests, by=who, body=wish, key=new_id("key"))
    assert (asked.status, asked.body["state"]) == (201, "requested")
    one = f"{REFUNDS}/{asked.body['refund_id']}"
    first = await service.call("POST", f"{one}/approvals", by=grace, key=new_id("key"))
    assert (first.status, first.body["state"], first.body["needs_second_person"]) == (200, "requested", True)
    same = await service.call("POST", f"{one}/approvals", by=grace, key=new_id("key"))
    assert (same.status, same.body["code"]) == (409, "auth.second_person.required")
    second = await service.call("POST", f"{one}/approvals", by=heidi, key=new_id("key"))
    assert (second.status, second.body["state"]) == (200, "succeeded")
    listed = await service.call("GET", f"{REFUNDS}?state=succeeded", by=grace)
    assert asked.body["refund_id"] in [each["refund_id"] for each in listed.body["items"]]
    assert "account_id" not in listed.body["items"][0]

    async def recorded() -> bool:
        entries = fake_services.received_events("payments.personal_data.accessed.v1", common_v1.PersonalDataAccessed)
        seen = {entry.recipient_id for entry in entries if entry.basis == asked.body["refund_id"]}
        return seen == {grace.id, heidi.id}

    await until(recorded)


async def test_a_customer_withdraws_a_request_for_a_refund(service: Running) -> None:
    who, other = new_person(), new_person()
    made = await charged(service, who, (await kept(service, who)).body["card_id"])
    requests = f"{CHARGES}/{made.body['charge_id']}/refund-requests"
    asked = await service.call(
        "POST", requests, by=who, body={"amount": 1_000, "reason": "It came twice."}, key=new_id("key")
    )
    assert asked.body["is_withdrawable"] is True
    withdrawals = f"{requests}/{asked.body['refund_id']}/withdrawals"
    foreign = await service.call("POST", withdrawals, by=other, key=new_id("key"))
    assert (foreign.status, foreign.body["code"]) == (404, "payments.refund.not_found")
    done = await service.call("POST", withdrawals, by=who, key=new_id("key"))
    assert (done.status, done.body["state"], done.body["is_withdrawable"]) == (200, "withdrawn", False)


async def test_C21_staff_read_the_records_of_an_account_for_a_purpose(
    service: Running, fake_services: FakeServices
) -> None:
    who, grace = new_person(), person("staff", "support")
    await charged(service, who, (await kept(service, who)).body["card_id"])
    wish = {"account_id": who.id, "purpose": "billing_question", "basis": "Case 7"}
    record = await service.call("POST", "/v1/payments/billing-records", by=grace, body=wish)
    assert (record.status, record.body["cards"][0]["last4"], len(record.body["charges"])) == (200, "4242", 1)
    for wrong in ({"purpose": "support"}, {"basis": "ada@example.com"}, {"account_id": "ada@example.com"}):
        refused = await service.call("POST", "/v1/payments/billing-records", by=grace, body={**wish, **wrong})
        assert (refused.status, refused.body["code"]) == (422, "http.request.invalid")
    assert (await service.call("POST", "/v1/payments/billing-records", by=who, body=wish)).status == 403

    async def recorded() -> bool:
        entries = fake_services.received_events("payments.personal_data.accessed.v1", common_v1.PersonalDataAccessed)
        return any(entry.entry_id == record.body["entry_id"] and entry.account_id == who.id for entry in entries)

    await until(recorded)


async def test_a_customer_cannot_refund(service: Running) -> None:
    who = new_person()
    made = await charged(service, who, (await kept(service, who)).body["card_id"])
    order = {"charge_id": made.body["charge_id"], "amount": 1000, "reason": "For myself."}
    refused = await service.call("POST", REFUNDS, by=who, body=order, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (403, "auth.access.forbidden")


async def test_a_signed_event_is_accepted_and_any_other_refused(service: Running) -> None:
    body = json.dumps({"id": new_id("evt"), "type": "refund.failed", "data": {"object": {"id": "re_1"}}}).encode()
    signed = {"Stripe-Signature": sign_event(body, WEBHOOK_SECRET, at=utc_now())}
    for _ in range(2):
        assert (await service.call("POST", EVENTS, raw=body, headers=signed)).status == 204
    for headers in ({}, {"Stripe-Signature": sign_event(body, Secret("foreign"), at=utc_now())}):
        refused = await service.call("POST", EVENTS, raw=body, headers=headers)
        assert (refused.status, refused.body["code"]) == (400, "payments.processor_event.invalid")
    big = await service.call("POST", EVENTS, raw=b" " * 300_000, headers=signed)
    assert (big.status, big.body["code"]) == (413, "http.request.too_large")


async def test_C18_a_description_with_a_card_number_is_refused_at_its_field(service: Running) -> None:
    who = new_person()
    card_id = (await kept(service, who)).body["card_id"]
    for text in ("4242 4242-4242 4242", "\uff14242.4242.4242.4242", "a %34242424242424242"):
        answer = await charged(service, who, card_id, order={"description": text})
        assert (answer.status, answer.body["code"]) == (422, "http.request.invalid")
        [problem] = answer.body["fields"]
        assert (problem["field"], problem["code"]) == ("description", "text_contains_card_number")
        assert "4242" not in json.dumps(answer.body)
    imei = await charged(service, who, card_id, order={"description": "phone 490154203237518"})
    assert imei.status == 201


async def test_yen_have_no_decimals(service: Running) -> None:
    who = new_person()
    card = await kept(service, who)
    made = await charged(service, who, card.body["card_id"], order={"currency": "JPY"})
    assert made.body["minor_units"] == 0


async def test_a_repeated_post_charges_once(service: Running) -> None:
    who, key = new_person(), new_id("key")
    card_id = (await kept(service, who)).body["card_id"]
    answers = await asyncio.gather(*(charged(service, who, card_id, key=key) for _ in range(6)))
    done = [each.body["charge_id"] for each in answers if each.status == 201]
    assert len(set(done)) == 1
    assert {each.status for each in answers} <= {201, 409}
    assert len((await service.call("GET", CHARGES, by=who)).body["items"]) == 1


async def test_a_silent_processor_costs_time_and_no_second_charge(service: Running) -> None:
    who = new_person()
    card_id = (await kept(service, who, SILENT_ONCE)).body["card_id"]
    unknown = await charged(service, who, card_id)
    assert (unknown.status, unknown.body["code"]) == (503, "payments.payment.pending")
    assert unknown.headers["Retry-After"]

    async def settled() -> bool:
        [charge] = (await service.call("GET", CHARGES, by=who)).body["items"]
        return bool(charge["state"] == "captured")

    await until(settled)


async def test_a_declined_card_is_402(service: Running) -> None:
    refused = await kept(service, new_person(), DECLINED)
    assert (refused.status, refused.body["code"]) == (402, "payments.card.declined")


async def test_a_replayed_or_foreign_card_is_refused(service: Running) -> None:
    who, other = new_person(), new_person()
    body = {"jwe": await jwe(service, who)}
    assert (await service.call("POST", CARDS, by=who, body=body, key=new_id("key"))).status == 201
    for thief in (who, other):
        refused = await service.call("POST", CARDS, by=thief, body=body, key=new_id("key"))
        assert (refused.status, refused.body["code"]) == (422, "payments.card_stamp.rejected")


async def test_the_keys_are_of_both_curves_and_the_stamp_is_for_the_account(service: Running) -> None:
    assert (await service.call("GET", "/v1/payments/encryption-keys")).status == 401
    who = new_person()
    for number in range(2):
        issued = (await service.call("GET", "/v1/payments/encryption-keys", by=who)).body
        assert [key["crv"] for key in issued["keys"]] == ["X25519", "P-256"]
        assert {key["alg"] for key in issued["keys"]} == {"ECDH-ES"}
        card = sealed(issued["keys"][number], typed(issued["stamp"], utc_now()))
        assert (await service.call("POST", CARDS, by=who, body={"jwe": card}, key=new_id("key"))).status == 201


async def test_each_wrong_member_of_a_card_is_named_and_not_quoted(service: Running) -> None:
    who = new_person()
    changes: dict[str, object] = {"number": "4242424242424241", "exp_month": 13, "security_code": "12"}
    card = await jwe(service, who, str(changes.pop("number")), **changes)
    refused = await service.call("POST", CARDS, by=who, body={"jwe": card}, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (422, "payments.card.invalid")
    assert [each["field"] for each in refused.body["fields"]] == ["number", "exp_month", "security_code"]
    assert "4242" not in json.dumps(refused.body)


async def test_whoever_tries_many_cards_is_slowed_down(service: Running) -> None:
    who = new_person()
    answers = [await service.call("POST", CARDS, by=who, body={"jwe": "x" * 20}, key=new_id("key")) for _ in range(31)]
    assert [each.status for each in answers] == [422] * 30 + [429]
    assert answers[-1].headers["Retry-After"]


@pytest.mark.parametrize(
    ("path", "raw", "status", "code"),
    [
        (CARDS, b"{", 400, "http.request.malformed"),
        (CARDS, b'{"jwe": 7}', 422, "http.request.invalid"),
        (CARDS, b'{"jwe": "aaaaaaaaaaaa", "number": "4242424242424242"}', 422, "http.request.invalid"),
        (CARDS, b'{"jwe": "aaaaaaaaaaaa"}', 422, "payments.card_payload.decryption_failed"),
        (CARDS, json.dumps({"jwe": "a" * 5000}).encode(), 422, "http.request.invalid"),
        (CARDS, b" " * 1_048_577, 413, "http.request.too_large"),
        (CHARGES, b'{"card_id": "tok_1"}', 422, "http.request.invalid"),
        (f"{CHARGES}/chg_nowhere/refund-requests", b'{"amount": 1, "reason": "why"}', 404, "payments.charge.not_found"),
        (f"{CHARGES}/chg_nowhere/refund-requests", b'{"amount": 0}', 422, "http.request.invalid"),
        (f"{CHARGES}/chg_nowhere/refund-requests", b'{"amount": 1.5}', 422, "http.request.invalid"),
        (f"{CHARGES}/chg_nowhere/refund-requests", b'{"amount": NaN}', 400, "http.request.malformed"),
        (f"{CHARGES}/chg_nowhere/refund-requests", b'{"amount": 100000000000000000000}', 422, "http.request.invalid"),
    ],
)
async def test_bad_input_is_a_problem_with_a_code(
    service: Running, path: str, raw: bytes, status: int, code: str
) -> None:
    refused = await service.call("POST", path, by=new_person(), raw=raw, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (status, code)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 100_000_000},
        {"amount": "1"},
        {"currency": "usd"},
        {"capture": "later"},
    ],
)
async def test_an_order_that_cannot_be_is_refused(service: Running, changed: dict[str, object]) -> None:
    refused = await charged(service, new_person(), f"tok_{'0' * 26}", order=changed)
    assert (refused.status, refused.body["code"]) == (422, "http.request.invalid")


async def test_staff_and_strangers_have_no_cards(service: Running) -> None:
    assert (await service.call("GET", CARDS)).status == 401
    assert (await service.call("GET", CARDS, by=person("staff", "admin"))).status == 403


async def test_C18_nothing_of_a_card_is_left_anywhere(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    who = new_person()
    code = "8317"
    amex = await jwe(service, who, "378282246310005", security_code=code)
    answers = [await service.call("POST", CARDS, by=who, body={"jwe": amex}, key=new_id("key"))]
    broken = {"jwe": amex, "number": "378282246310005", "security_code": code}
    answers.append(await service.call("POST", CARDS, by=who, body=broken, key=new_id("key")))
    declined = {"jwe": await jwe(service, who, DECLINED)}
    answers.append(await service.call("POST", CARDS, by=who, body=declined, key=new_id("key")))
    assert [each.status for each in answers] == [201, 422, 402]
    names = await planter.client[stored.name].list_collection_names()
    rows = [await planter.read_raw(stored, name) for name in names]
    everywhere = "\n".join(
        [
            service.log.read_text(encoding="utf-8"),
            str(rows),
            *(str(fact.body) for fact in fake_services.received),
            *(f"{each.body} {each.headers}" for each in answers),
            str((await service.call("GET", "/metrics")).body),
        ]
    )
    for secret in ("378282246310005", DECLINED, f"'{code}'", f'"{code}"'):
        assert secret not in everywhere


async def test_C31_an_erasure_gives_a_receipt_with_counts_and_what_stays(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    who = new_person()
    card_id = (await kept(service, who)).body["card_id"]
    await charged(service, who, card_id)
    fact = identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=who.id)
    await fake_services.publish_event(fact)

    async def receipt() -> common_v1.ErasureCompleted | None:
        told = fake_services.received_events("payments.erasure.completed.v1", common_v1.ErasureCompleted)
        return next((each for each in told if each.erasure_id == fact.erasure_id), None)

    found = await until(receipt)
    assert found is not None
    assert (found.erased_counts["cards"], found.erased_counts["idempotency"], found.erased_counts["subject_keys"]) == (
        1,
        2,
        1,
    )
    [kept_of_it] = found.retained_items
    assert kept_of_it.description.startswith("1 charge")
    assert kept_of_it.reason
    for name in await planter.client[stored.name].list_collection_names():
        if name != "outbox":  # a fact that waits to be told names the account until it is
            assert who.id not in str(await planter.read_raw(stored, name)), name


async def test_C26_an_export_holds_cards_charges_and_refunds(service: Running, fake_services: FakeServices) -> None:
    who = new_person()
    card_id = (await kept(service, who)).body["card_id"]
    await charged(service, who, card_id)
    files: dict[str, object] = {}
    cursor, more = "", True
    while more:
        page = await fake_services.call_rpc(
            "payments.export.page",
            common_v1.ExportPageRequest(export_id="exp_1", account_id=who.id, cursor=cursor),
            common_v1.ExportPageReply,
            purpose=Purpose.EXPORT,
        )
        files |= {item.path: json.loads(item.content) for item in page.items}
        cursor, more = page.next_cursor, bool(page.next_cursor)
    assert list(files) == ["cards.json", "charges.json", "refunds.json", "disputes.json"]
    assert f'"card_id": "{card_id}"' in json.dumps(files)
    assert VISA not in json.dumps(files)
    # As a word of its own: an id may hold these three digits by chance.
    assert re.search(rf"\b{SECURITY_CODE}\b", json.dumps(files["refunds.json"])) is None


async def test_C18_the_running_probe_says_kept(service: Running, fake_services: FakeServices) -> None:
    async def said() -> bool:
        told = fake_services.received_events("payments.promise.checked.v1", common_v1.PromiseChecked)
        return any(fact.promise_id == "C18" and fact.state == "kept" and fact.sample_size for fact in told)

    await until(said)

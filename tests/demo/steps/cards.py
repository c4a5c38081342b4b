"""Chapter 4: a card is stored as four digits and a date, charged, and partly refunded."""

import json
import re
from datetime import UTC, datetime

from joserfc import jwe
from joserfc.jwk import ECKey

from tests.demo.story import expect, step
from tests.demo.world import World

NUMBER = "4242424242424242"
SECURITY_CODE = "737"


@step("A card goes in encrypted; only four digits and the expiry come back", "C18")
async def card(world: World) -> str:
    issued = await world.call("GET", "/v1/payments/encryption-keys", by=world.ada)
    key = next(each for each in issued["keys"] if each["crv"] == "P-256")
    typed = {
        "number": NUMBER,
        "exp_month": 12,
        "exp_year": datetime.now(UTC).year + 3,
        "security_code": SECURITY_CODE,
        "stamp": issued["stamp"],
    }
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key["kid"]}
    sealed = jwe.encrypt_compact(
        header, json.dumps(typed).encode(), ECKey.import_key(key), algorithms=["ECDH-ES", "A256GCM"]
    )
    stored = await world.call(
        "POST", "/v1/payments/cards", by=world.ada, json_body={"jwe": sealed}, once=True, expected=201
    )
    expect(stored["last4"] == NUMBER[-4:], "the last four digits")
    listed = json.dumps(await world.call("GET", "/v1/payments/cards", by=world.ada))
    # As a word of its own: an id may hold these three digits by chance.
    told_code = re.search(rf"\b{SECURITY_CODE}\b", json.dumps(stored))
    expect(NUMBER not in listed and told_code is None, "no number and no code, anywhere")
    world.notes["card_id"] = stored["card_id"]
    return f"{stored['brand']} ending in {stored['last4']}, {stored['exp_month']}/{stored['exp_year']}"


@step("The card is charged once, and the receipt comes by email", "C18")
async def charge(world: World) -> str:
    order = {"card_id": world.notes["card_id"], "amount": 3999, "currency": "USD", "description": "Demo licence"}
    made = await world.call("POST", "/v1/payments/charges", by=world.ada, json_body=order, once=True, expected=201)
    world.notes["charge_id"] = made["charge_id"]
    receipt = await world.mail_to(world.ada, about="Receipt for your payment of 39.99 USD")
    expect(made["charge_id"] in receipt["text"], "the receipt number")
    return "39.99 USD charged"


@step("A customer asks for a refund, and staff give it, on record", "C18", "C21")
async def refund(world: World) -> str:
    charge_path, support = f"/v1/payments/charges/{world.notes['charge_id']}", await world.staff_of("support")
    wish = {"amount": 1000, "reason": "One of two licences was not needed."}
    asked = await world.call(
        "POST", f"{charge_path}/refund-requests", by=world.ada, json_body=wish, once=True, expected=201
    )
    approvals = f"/v1/payments/refunds/{asked['refund_id']}/approvals"
    given = await world.call("POST", approvals, by=support, once=True)
    expect(given["state"] == "succeeded", "the refund")
    [shown] = (await world.call("GET", f"{charge_path}/refunds", by=world.ada))["items"]
    expect(shown["acquirer_reference"], "the reference that the bank finds it by")
    beyond = {"charge_id": world.notes["charge_id"], "amount": 3000, "reason": "Too much"}
    await world.call("POST", "/v1/payments/refunds", by=support, json_body=beyond, once=True, expected=409)
    await world.mail_to(world.ada, about="Refund of 10.00 USD")
    return "10.00 USD given back; a refund beyond the charge is refused"


STEPS = [card, charge, refund]

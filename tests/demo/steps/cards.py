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
    key = await world.call("GET", "/v1/payments/encryption-key")
    typed = {
        "number": NUMBER,
        "exp_month": 12,
        "exp_year": datetime.now(UTC).year + 3,
        "security_code": SECURITY_CODE,
        "account_id": world.ada.account_id,
        "issued_at": datetime.now(UTC).isoformat(),
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


@step("The card is charged once, and partly refunded by token", "C18")
async def charge(world: World) -> str:
    order = {"card_id": world.notes["card_id"], "amount": 3999, "currency": "USD", "description": "Demo licence"}
    made = await world.call("POST", "/v1/payments/charges", by=world.ada, json_body=order, once=True, expected=201)
    refunds = f"/v1/payments/charges/{made['charge_id']}/refunds"
    back = await world.call("POST", refunds, by=world.ada, json_body={"amount": 1000}, once=True, expected=201)
    expect(back["amount_refunded"] == 1000, "1000 given back")
    await world.call("POST", refunds, by=world.ada, json_body={"amount": 3000}, once=True, expected=409)
    return "39.99 USD charged, 10.00 given back; a refund beyond the charge is refused"


STEPS = [card, charge]

"""The direct way in as a stranger meets it: the reference says all that a client needs, and a client of ours works."""

import asyncio
import json
import urllib.error

import pytest

from clients.python.candor_cards import CardClient
from shared.ids import new_id
from tests.support.card_vectors import CARDS
from tests.support.running import Running, person

WANTED = (
    *("GET /v1/payments/encryption-keys", "number", "exp_month", "exp_year", "security_code", "stamp"),
    *("JWE in compact form (RFC 7516)", '"ECDH-ES"', '"A256GCM"', "kid", "epk", "apu", "apv", "zip", "base64url"),
    *("12 bytes", "16", "4,096", "SHA-256", "x coordinate", "X25519 (RFC 8037)", "ten minutes", "Idempotency-Key"),
)


def client_of(service: Running) -> CardClient:
    who = person("customer", number=new_id("acc").removeprefix("acc_"))
    return CardClient(base_url=f"http://127.0.0.1:{service.port}", access_token=service.token(who))


async def test_the_reference_says_all_that_a_client_needs(service: Running) -> None:
    document = (await service.call("GET", "/v1/payments/openapi.json")).body
    operation = document["paths"]["/v1/payments/cards"]["post"]
    text = " ".join(operation["description"].split())
    assert [word for word in WANTED if word not in text] == []
    body = document["components"]["schemas"]["StoreCardBody"]["properties"]["jwe"]
    assert (body["minLength"], body["maxLength"]) == (10, 4096)
    assert body["contentSchema"]["required"] == ["number", "exp_month", "exp_year", "security_code", "stamp"]
    assert body["contentSchema"]["additionalProperties"] is False
    assert "encryption-keys" in json.dumps(list(document["paths"]))


async def test_the_python_client_stores_a_card_of_either_curve(service: Running) -> None:
    client = client_of(service)
    stored = await asyncio.to_thread(
        client.store_card, number="5555 5555 5555 4444", exp_month=12, exp_year=2040, security_code="123"
    )
    assert (stored["last4"], stored["brand"]) == ("4444", "mastercard")


async def test_the_python_client_gives_the_refusal_of_a_wrong_card(service: Running) -> None:
    client = client_of(service)
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(
            client.store_card, number="4242424242424241", exp_month=12, exp_year=2040, security_code="123"
        )
    problem = json.loads(refused.value.read())
    assert (problem["code"], problem["fields"][0]["field"]) == ("payments.card.invalid", "number")
    assert "4242" not in json.dumps(problem)


async def test_each_network_of_the_vectors_is_stored_under_its_name(service: Running) -> None:
    """One card of each network; the others are in the tests of the domain."""
    one_each = {network: card for card in reversed(CARDS) if card.is_found for network in [min(card.networks)]}
    for network, card in one_each.items():
        client = client_of(service)
        code = "1234" if network == "amex" else "123"
        stored = await asyncio.to_thread(
            client.store_card, number=card.number, exp_month=12, exp_year=2040, security_code=code
        )
        assert stored["last4"] == card.number[-4:]
        assert stored["brand"] in card.networks

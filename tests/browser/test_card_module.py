"""The browser module in a real Chromium: what its WebCrypto encrypts opens, on both curves and for every card."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

from services.payments.ports import CardDecrypter, CardKeys
from services.payments.ports.card_keys import CardKey
from shared.card_numbers import is_well_formed
from tests.architecture.tree import SERVICES
from tests.support.card_vectors import CARDS, JWE

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PRIVATE = JWE["keys_are_for_tests_only"]
KEYS: Mapping[str, CardKey] = {
    "p256": ECKey.import_key(dict(PRIVATE["p256"])),
    "x25519": OKPKey.import_key(dict(PRIVATE["x25519"])),
}
DECRYPTER = CardDecrypter(CardKeys(KEYS, secrets=()))
PUBLIC = {kid: key.as_dict(private=False) | {"kid": kid, "use": "enc"} for kid, key in KEYS.items()}
CURVES = ["x25519", "p256"]


async def empty_page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>empty</title>", content_type="text/html")


@pytest.fixture
async def page(chromium: "Browser") -> AsyncIterator["Page"]:
    """A page that has loaded the module and nothing else."""
    app = web.Application()
    app.router.add_static("/static", SERVICES / "portal/static")
    app.router.add_get("/", empty_page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    context = await chromium.new_context()
    opened = await context.new_page()
    await opened.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await opened.evaluate("async () => { window.cards = await import('/static/card-encryption.js'); }")
    yield opened
    await context.close()
    await runner.cleanup()


async def encrypted(page: "Page", kids: list[str], number: str, stamp: str = "a stamp") -> str:
    encryption = {"keys": [PUBLIC[kid] for kid in kids], "stamp": stamp}
    card = {"number": number, "expMonth": 12, "expYear": 2029, "securityCode": "737"}
    return str(await page.evaluate("([encryption, card]) => cards.encryptCard(encryption, card)", [encryption, card]))


@pytest.mark.parametrize("kid", CURVES)
async def test_each_card_of_the_vectors_arrives_as_it_was_typed(page: "Page", kid: str) -> None:
    for card in CARDS:
        sealed = await encrypted(page, [kid], f"{card.number[:4]} {card.number[4:]}")
        opened = DECRYPTER.decrypt(sealed)
        assert (opened.details.number.reveal_text(), opened.details.security_code.reveal_text()) == (card.number, "737")
        assert (opened.details.exp_month, opened.details.exp_year, opened.stamp) == (12, 2029, "a stamp")


@pytest.mark.parametrize("kid", CURVES)
async def test_a_library_that_is_not_ours_opens_it_too(page: "Page", kid: str) -> None:
    sealed = await encrypted(page, [kid], "4242424242424242")
    opened = jwe.decrypt_compact(sealed, KEYS[kid], algorithms=["ECDH-ES", "A256GCM"])
    assert json.loads(opened.plaintext or b"")["number"] == "4242424242424242"
    assert set(opened.headers()) == {"alg", "enc", "kid", "epk"}


async def test_the_module_takes_the_curve_that_the_browser_has(page: "Page") -> None:
    both = await encrypted(page, ["p256", "x25519"], "4242424242424242")
    assert DECRYPTER.decrypt(both).details.last4 == "4242"
    assert kid_of(both) == "x25519"
    await page.evaluate(
        """() => {
          const original = SubtleCrypto.prototype.importKey;
          SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
            if (algorithm.name === "X25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
            return original.call(this, format, key, algorithm, ...rest);
          };
        }"""
    )
    assert kid_of(await encrypted(page, ["x25519", "p256"], "4242424242424242")) == "p256"
    refused = await page.evaluate(
        "(keys) => cards.encryptCard({ keys, stamp: 's' }, {number: '1'}).catch((fault) => fault.constructor.name)",
        [PUBLIC["x25519"]],
    )
    assert refused == "UnsupportedBrowserError"


def kid_of(sealed: str) -> Any:
    return jwe.decrypt_compact(
        sealed, lambda found: KEYS[found.headers()["kid"]], algorithms=["ECDH-ES", "A256GCM"]
    ).headers()["kid"]


async def test_two_cards_never_share_a_key_or_a_nonce(page: "Page") -> None:
    sealed = [await encrypted(page, ["x25519"], "4242424242424242") for _ in range(5)]
    assert len({each.split(".")[0] for each in sealed}) == 5
    assert len({each.split(".")[2] for each in sealed}) == 5


async def test_the_module_knows_what_can_be_a_card(page: "Page") -> None:
    numbers = [
        *(card.number for card in CARDS),
        "",
        "4242",
        "4" * 16,
        "0" * 16,
        "x" * 16,
        "4242424242424242\n",
        "4" * 20,
    ]
    told = await page.evaluate("(numbers) => numbers.map((number) => cards.isCardNumber(number))", numbers)
    assert dict(zip(numbers, told, strict=True)) == {number: is_well_formed(number) for number in numbers}


@pytest.mark.parametrize(
    ("typed", "expiry"),
    [
        ("09/29", (9, 2029)),
        ("9/2029", (9, 2029)),
        (" 09 / 29 ", (9, 2029)),
        ("0929", (9, 2029)),
        ("09-2029", (9, 2029)),
        ("13/29", None),
        ("0/29", None),
        ("929", None),
        ("", None),
    ],
)
async def test_b4_17_the_module_reads_an_expiry_as_people_write_it(
    page: "Page", typed: str, expiry: tuple[int, int] | None
) -> None:
    told = await page.evaluate("(typed) => cards.parseExpiry(typed)", typed)
    assert told == (None if expiry is None else {"month": expiry[0], "year": expiry[1]})

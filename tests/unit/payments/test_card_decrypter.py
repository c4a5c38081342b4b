"""A card is decrypted in one form only; everything else is one error that reveals nothing of the card."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey, RSAKey

from services.payments.errors import CardDecryptionError
from services.payments.ports import CardDecrypter
from shared.crypto import Key, Keyring, KeyUse
from tests.support import NOON
from tests.support.cards import VISA, sealed, typed

CARD = Key(id="key_card", use=KeyUse.CARD, created_at=NOON, secret=b"c" * 32)
OLDER = Key(id="key_older", use=KeyUse.CARD, created_at=NOON.replace(year=2020), secret=b"o" * 32)
DECRYPTER = CardDecrypter(Keyring([CARD, OLDER]))
PUBLIC = DECRYPTER.public_jwk()
DETAILS = typed("acc_1", NOON)
GOOD = sealed(PUBLIC, DETAILS)


def refused(text: str) -> None:
    with pytest.raises(CardDecryptionError) as refusal:
        DECRYPTER.decrypt(text)
    assert refusal.value.__cause__ is None
    assert VISA[:6] not in f"{refusal.value} {refusal.value.detail}"


def test_what_the_page_encrypts_opens_and_does_not_print() -> None:
    decrypted = DECRYPTER.decrypt(GOOD)
    assert decrypted.fields == DETAILS
    assert VISA not in repr(decrypted)


def test_the_published_key_is_the_newest_and_has_no_private_part() -> None:
    assert PUBLIC["kid"] == "key_card"
    assert set(PUBLIC) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_card_encrypted_before_a_rotation_still_opens() -> None:
    before = CardDecrypter(Keyring([OLDER])).public_jwk()
    assert DECRYPTER.decrypt(sealed(before, DETAILS)).fields == DETAILS


def test_a_key_survives_a_restart() -> None:
    assert CardDecrypter(Keyring([CARD, OLDER])).public_jwk() == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        sealed(PUBLIC, DETAILS, enc="A128GCM"),
        sealed(PUBLIC, DETAILS, enc="A256CBC-HS512"),
        sealed(PUBLIC, DETAILS, alg="ECDH-ES+A256KW"),
        sealed(PUBLIC, DETAILS, alg="dir", key=OctKey.import_key(b"k" * 32)),
        sealed(PUBLIC, DETAILS, alg="A256KW", key=OctKey.import_key(b"k" * 32)),
        sealed(PUBLIC, DETAILS, alg="RSA-OAEP", key=RSAKey.generate_key(2048)),
        sealed(PUBLIC, DETAILS, zip="DEF"),
        sealed(PUBLIC, b"0" * 3_000_000, zip="DEF"),
        sealed(PUBLIC, DETAILS, kid="key_unknown"),
        sealed(PUBLIC, DETAILS, cty="json"),
        sealed(PUBLIC, [1, 2]),
        sealed(PUBLIC, b"not json"),
        sealed(PUBLIC, b"\xff\xfe"),
        sealed(PUBLIC, b"[" * 2_000),
        "",
        "....",
        "a.b.c.d.e",
        "é.é.é.é.é",
        f"{GOOD}.x",
        GOOD.rpartition(".")[0],
        "x" * 5_000,
    ],
    ids=[
        *("weaker cipher", "another cipher", "key wrapping", "direct key", "shared key", "RSA", "compressed", "bomb"),
        *("unknown key", "unknown header", "a list", "no JSON", "no UTF-8", "deep nesting", "nothing", "five nothings"),
        *("five letters", "no ASCII", "a part too many", "a part too few", "too long"),
    ],
)
def test_C18_any_other_form_is_refused(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    "changed", [{"kid": ["key_card"]}, {"kid": None}, {"alg": "none"}, {"crit": ["exp"]}, {"epk": {}}]
)
def test_a_header_that_was_tampered_with_is_refused(changed: dict[str, object]) -> None:
    head, _, rest = GOOD.partition(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**header, **changed}).encode()).decode().rstrip("=")
    refused(f"{forged}.{rest}")


@given(place=st.integers(min_value=0, max_value=len(GOOD) - 1), letter=st.sampled_from("AQgw019-_.= \n"))
def test_no_other_spelling_opens(place: int, letter: str) -> None:
    """Not even one of the same bytes: it would pass for a card that was not used yet."""
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    if changed != GOOD:
        refused(changed)


def test_the_unused_bits_of_a_tag_do_not_make_a_fresh_card() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = letters[letters.index(GOOD[-1]) ^ 1]
    assert base64.urlsafe_b64decode(GOOD[-22:] + "==") == base64.urlsafe_b64decode(GOOD[-22:-1] + twin + "==")
    refused(GOOD[:-1] + twin)

"""A card is decrypted in one form only; everything else is one error that reveals nothing of the card."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from services.payments.domain import CardDetails
from services.payments.errors import CardDecryptionError
from services.payments.ports import CardDecrypter, CardKeys
from shared.crypto import Key, Keyring, KeyUse
from tests.support import NOON
from tests.support.card_vectors import JWE
from tests.support.cards import SECURITY_CODE, VISA, sealed, typed

CARD = Key(id="key_card", use=KeyUse.CARD, created_at=NOON - timedelta(days=1), secret=b"c" * 32)
OLDER = Key(id="key_older", use=KeyUse.CARD, created_at=NOON.replace(year=2020), secret=b"o" * 32)


def decrypter_of(*keys: Key) -> CardDecrypter:
    return CardDecrypter(CardKeys.from_keyring(Keyring(keys)))


DECRYPTER = decrypter_of(CARD, OLDER)
X25519, PUBLIC = DECRYPTER.list_public_jwks(at=NOON)
DETAILS = typed("a stamp", NOON)
GOOD = sealed(PUBLIC, DETAILS)


def refused(text: str) -> None:
    with pytest.raises(CardDecryptionError) as refusal:
        DECRYPTER.decrypt(text)
    assert refusal.value.__cause__ is None
    assert VISA[:6] not in f"{refusal.value} {refusal.value.detail}"


@pytest.mark.parametrize("public", [X25519, PUBLIC], ids=["X25519", "P-256"])
def test_what_the_page_encrypts_opens_and_does_not_print(public: Mapping[str, str]) -> None:
    decrypted = DECRYPTER.decrypt(sealed(public, DETAILS))
    assert (decrypted.details.number.reveal_text(), decrypted.details.security_code.reveal_text()) == (
        VISA,
        SECURITY_CODE,
    )
    assert decrypted.stamp == "a stamp"
    assert VISA not in f"{decrypted!r} {decrypted.details!r} {decrypted.details.number} {vars_of(decrypted.details)}"


def vars_of(details: CardDetails) -> str:
    return str({name: getattr(details, name) for name in details.__slots__})


def test_the_published_keys_are_the_newest_and_have_no_private_part() -> None:
    assert [key["kid"] for key in (X25519, PUBLIC)] == ["key_card.x25519", "key_card.p256"]
    assert set(PUBLIC) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert set(X25519) == set(PUBLIC) - {"y"}


def test_b4_07_a_card_encrypted_before_a_rotation_still_opens() -> None:
    for before in decrypter_of(OLDER).list_public_jwks(at=NOON):
        assert DECRYPTER.decrypt(sealed(before, DETAILS)).details.last4 == VISA[-4:]


def test_b4_07_a_key_that_left_the_keyring_opens_nothing() -> None:
    for before in decrypter_of(OLDER).list_public_jwks(at=NOON):
        with pytest.raises(CardDecryptionError):
            decrypter_of(CARD).decrypt(sealed(before, DETAILS))


def test_b4_07_a_new_key_is_published_once_every_replica_has_it() -> None:
    fresh = Key(id="key_fresh", use=KeyUse.CARD, created_at=NOON - timedelta(minutes=14), secret=b"f" * 32)
    rotated = decrypter_of(OLDER, fresh)
    [before, _], [after, _] = (
        rotated.list_public_jwks(at=NOON),
        rotated.list_public_jwks(at=NOON + timedelta(minutes=1)),
    )
    assert (before["kid"], after["kid"]) == ("key_older.x25519", "key_fresh.x25519")
    assert rotated.decrypt(sealed(after, DETAILS)).details.last4 == VISA[-4:]
    assert rotated.decrypt(sealed(before, DETAILS)).details.last4 == VISA[-4:]
    alone = decrypter_of(fresh)
    assert alone.list_public_jwks(at=NOON)[0]["kid"] == "key_fresh.x25519", "the first key is published at once"


def test_b4_07_a_retired_key_is_not_published() -> None:
    retired = replace(CARD, retired=True, created_at=NOON - timedelta(days=1))
    assert decrypter_of(OLDER, retired).list_public_jwks(at=NOON)[0]["kid"] == "key_older.x25519"


def test_a_key_survives_a_restart() -> None:
    assert decrypter_of(CARD, OLDER).list_public_jwks(at=NOON) == [X25519, PUBLIC]


VECTOR_KEYS = CardDecrypter(
    CardKeys(
        {
            "p256": ECKey.import_key(JWE["keys_are_for_tests_only"]["p256"]),
            "x25519": OKPKey.import_key(JWE["keys_are_for_tests_only"]["x25519"]),
        },
        secrets=(),
    )
)


@pytest.mark.parametrize(
    "vector",
    JWE["opens"],
    ids=lambda each: f"{each['made_by']}, {each['key']}, {each['alg']}, parties {each['apu_apv']}",
)
def test_b4_04_a_card_of_the_vectors_opens_with_the_one_algorithm(vector: Mapping[str, Any]) -> None:
    """The vectors with key wrapping are refused: one algorithm is published, so one is accepted."""
    if vector["alg"] == "ECDH-ES":
        assert json.loads(VECTOR_KEYS.open(vector["jwe"])) == JWE["plaintext"]
    else:
        with pytest.raises(CardDecryptionError):
            VECTOR_KEYS.open(vector["jwe"])


@pytest.mark.parametrize("vector", JWE["must_be_refused"], ids=lambda each: each["name"])
def test_b4_03_05_a_card_of_the_vectors_that_must_be_refused_is(vector: Mapping[str, Any]) -> None:
    with pytest.raises(CardDecryptionError) as refusal:
        VECTOR_KEYS.open(vector["jwe"])
    assert refusal.value.status == 422
    assert refusal.value.__cause__ is None


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
        sealed(PUBLIC, DETAILS, kid=X25519["kid"]),
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
        *(
            "unknown key",
            "key of the other curve",
            "unknown header",
            "a list",
            "no JSON",
            "no UTF-8",
            "deep nesting",
            "nothing",
            "five nothings",
        ),
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

"""The Python client encrypts as the service decrypts, for the keys of the vectors and of both curves."""

import json
from collections.abc import Mapping

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

from clients.python.candor_cards import UnsupportedKeysError, choose_key, encrypt_card, encrypt_text
from services.payments.ports import CardDecrypter, CardKeys
from services.payments.ports.card_keys import CardKey
from tests.support.card_vectors import CARDS, JWE

PRIVATE: Mapping[str, Mapping[str, str]] = JWE["keys_are_for_tests_only"]
KEYS: Mapping[str, CardKey] = {
    "p256": ECKey.import_key(dict(PRIVATE["p256"])),
    "x25519": OKPKey.import_key(dict(PRIVATE["x25519"])),
}
DECRYPTER = CardDecrypter(CardKeys(KEYS, secrets=()))
PUBLIC = [KEYS[kid].as_dict(private=False) | {"kid": kid} for kid in ("x25519", "p256")]


@pytest.mark.parametrize("key", PUBLIC, ids=lambda key: key["crv"])
def test_the_plaintext_of_the_vectors_opens_for_us_and_for_a_library(key: Mapping[str, str]) -> None:
    sealed = encrypt_text(key, JWE["plaintext_text"].encode())
    assert json.loads(DECRYPTER.open(sealed)) == JWE["plaintext"]
    opened = jwe.decrypt_compact(sealed, KEYS[key["kid"]], algorithms=["ECDH-ES", "A256GCM"])
    assert opened.plaintext == JWE["plaintext_text"].encode()


@pytest.mark.parametrize("key", PUBLIC, ids=lambda key: key["crv"])
def test_each_card_of_the_vectors_arrives_as_it_was_typed(key: Mapping[str, str]) -> None:
    encryption = {"keys": [key], "stamp": "a stamp"}
    for card in CARDS:
        sealed = encrypt_card(
            encryption, number=f"{card.number[:4]} {card.number[4:]}", exp_month=12, exp_year=2029, security_code="737"
        )
        opened = DECRYPTER.decrypt(sealed)
        assert (opened.details.number.reveal_text(), opened.stamp) == (card.number, "a stamp")
        assert card.number not in sealed


def test_the_client_takes_a_key_of_a_curve_that_it_knows() -> None:
    unknown = {"kty": "EC", "crv": "P-521", "kid": "later"}
    assert choose_key([unknown, *reversed(PUBLIC)])["crv"] == "X25519"
    assert choose_key([unknown, PUBLIC[1]])["crv"] == "P-256"
    with pytest.raises(UnsupportedKeysError):
        choose_key([unknown])

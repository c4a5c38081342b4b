"""Tokens: the vectors of RFC 9497, and what a token proves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voprf.ristretto import BlindedInput, Client, PublicKey, VerifiableOutput

from services.telemetry.domain import Stream, decode_bytes, encode_bytes, network_of
from services.telemetry.ports import InvalidElementError, TokenKeys
from services.telemetry.ports.voprf import PROOF_BYTES, derive_key
from shared.crypto.keyring import Key, KeyUse
from tests.support import NOON
from tests.support.telemetry import Drawing

SEED, KEY_INFO = b"\xa3" * 32, b"test key"
PUBLIC_KEY = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
VECTORS = [
    (
        "00",
        "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
        "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    ),
    (
        "5a" * 17,
        "cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",
        "60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
    ),
]
"""RFC 9497, A.1.2.1 and A.1.2.2: input, blinded element, evaluation element, output.

The proofs of the vectors need a chosen nonce, which the library does not take: they are checked by unblinding instead.
"""
WEEK, OTHER_WEEK = "2026-W49", "2026-W50"


def keys_of(*seeds: bytes) -> TokenKeys:
    return TokenKeys(
        [Key(id=f"key_{place}", use=KeyUse.TOKEN, created_at=NOON, secret=seed) for place, seed in enumerate(seeds)]
    )


def verify(keys: TokenKeys, number: bytes, token: bytes, *, stream: Stream = Stream.SOFTWARE, week: str = WEEK) -> bool:
    return keys.verify(number, token, stream=stream, question_version=2, week=week)


def draw(keys: TokenKeys, week: str = WEEK) -> tuple[bytes, bytes]:
    drawing = Drawing([week])
    [(_, blinded)] = drawing.elements
    found = keys.evaluate_element(blinded, stream=Stream.SOFTWARE, question_version=2, week=week)
    public = keys.get_public_key(stream=Stream.SOFTWARE, question_version=2, week=week)
    [drawn] = drawing.finish([(found.element, found.proof)], [public])
    return drawn.number, drawn.token


def test_the_key_of_a_seed_is_that_of_the_rfc() -> None:
    assert derive_key(SEED, KEY_INFO).public_key.serialize().hex() == PUBLIC_KEY


@pytest.mark.parametrize(("number", "blinded", "evaluated", "token"), VECTORS)
def test_an_evaluation_is_that_of_the_rfc(number: str, blinded: str, evaluated: str, token: str) -> None:
    evaluator = derive_key(SEED, KEY_INFO)
    output = evaluator.evaluate(BlindedInput.deserialize(bytes.fromhex(blinded))).serialize()
    assert output[PROOF_BYTES:].hex() == evaluated
    assert evaluator.evaluate_known_input(bytes.fromhex(number)).hex() == token


def test_the_library_puts_the_proof_before_the_element() -> None:
    evaluator = derive_key(SEED, KEY_INFO)
    client, blinded = Client.blind(b"number")
    output = evaluator.evaluate(blinded).serialize()
    turned = output[PROOF_BYTES:] + output[:PROOF_BYTES]
    assert client.finalize(VerifiableOutput.deserialize(output), evaluator.public_key)
    with pytest.raises(ValueError, match=r"invalid|deserial"):
        client.finalize(VerifiableOutput.deserialize(turned), evaluator.public_key)


def test_C03_a_token_is_of_one_number_one_week_one_question_and_one_stream() -> None:
    keys = keys_of(b"\x01" * 32)
    number, token = draw(keys)
    assert verify(keys, number, token)
    assert not verify(keys, number, token, week=OTHER_WEEK)
    assert not verify(keys, number, token, stream=Stream.DEMO)
    assert not verify(keys, bytes(32), token)
    assert not verify(keys, number, bytes(64))
    assert not keys.verify(number, token, stream=Stream.SOFTWARE, question_version=3, week=WEEK)
    assert not verify(keys_of(b"\x02" * 32), number, token)


def test_a_new_seed_does_not_end_the_tokens_on_the_devices() -> None:
    number, token = draw(keys_of(b"\x01" * 32))
    both = keys_of(b"\x01" * 32, b"\x02" * 32)
    assert verify(both, number, token)
    assert verify(both, *draw(both))
    assert verify(keys_of(b"\x02" * 32), *draw(both)), "the newest seed issues"


def test_a_device_refuses_an_evaluation_under_another_key_than_the_published_one() -> None:
    shown, used = keys_of(b"\x01" * 32), keys_of(b"\x02" * 32)
    drawing = Drawing([WEEK])
    [(_, blinded)] = drawing.elements
    found = used.evaluate_element(blinded, stream=Stream.SOFTWARE, question_version=2, week=WEEK)
    public = shown.get_public_key(stream=Stream.SOFTWARE, question_version=2, week=WEEK)
    with pytest.raises(ValueError, match="proof"):
        drawing.finish([(found.element, found.proof)], [public])


@pytest.mark.parametrize("blinded", [bytes(32), b"\x01" * 32, b"\xff" * 32, b"", b"\x01" * 31])
def test_bytes_that_are_no_element_are_refused(blinded: bytes) -> None:
    with pytest.raises(InvalidElementError):
        keys_of(b"\x01" * 32).evaluate_element(blinded, stream=Stream.SOFTWARE, question_version=2, week=WEEK)


def test_each_week_has_a_key_of_its_own() -> None:
    keys = keys_of(b"\x01" * 32)
    weeks = [f"2026-W{number:02}" for number in range(1, 54)]
    public = {keys.get_public_key(stream=s, question_version=v, week=w) for s in Stream for v in (2, 3) for w in weeks}
    assert len(public) == len(Stream) * 2 * len(weeks)
    assert all(PublicKey.deserialize(key) for key in public)


@given(value=st.binary(min_size=1, max_size=64))
def test_bytes_have_one_spelling(value: bytes) -> None:
    assert decode_bytes(encode_bytes(value)) == value


@pytest.mark.parametrize("text", ["AB", "A", "AA==", "AA=", "+A", "Aé", " AA", "AA\n"])
def test_another_spelling_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decode_bytes(text)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_a_line_is_an_address_or_the_network_of_one(address: str, network: str) -> None:
    assert network_of(address) == network

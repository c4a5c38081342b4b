"""Signatures of the processor's events: what Stripe's own library accepts is accepted, the rest refused."""

import json
from datetime import timedelta

import pytest
import stripe

from services.payments.ports import EventVerifier, InvalidSignatureError
from shared.settings import Secret
from tests.support import NOON
from tests.support.webhooks import sign_event

SECRET, OLD_SECRET = Secret("whsec_new"), Secret("whsec_old")
BODY = json.dumps({"id": "evt_1", "type": "refund.failed", "data": {"object": {"id": "re_1", "status": "failed"}}})
VERIFIER = EventVerifier([SECRET, OLD_SECRET])


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_each_secret_is_accepted_while_they_are_rotated(secret: Secret) -> None:
    raw = BODY.encode()
    found = VERIFIER.parse_event(raw, sign_event(raw, secret, at=NOON), at=NOON + timedelta(minutes=4))
    assert (found.event_id, found.type, found.object_id) == ("evt_1", "refund.failed", "re_1")


def test_the_library_of_stripe_agrees_about_a_signature() -> None:
    raw = BODY.encode()
    header = sign_event(raw, SECRET, at=NOON)
    assert stripe.WebhookSignature.verify_header(BODY, header, SECRET.get_secret_value())
    assert VERIFIER.parse_event(raw, header, at=NOON).event_id == "evt_1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(BODY, header, "whsec_foreign")


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=,v1=",
        "v1=00",
        "t=1e9,v1=00",
        "t=99999999999999999999,v1=00",
        f"t={int(NOON.timestamp())}",
        f"t={int(NOON.timestamp())},v1=00",
        f"t={int(NOON.timestamp())},v1=é",
        f"t={int(NOON.timestamp())},t={int(NOON.timestamp())},v1=00",
    ],
)
def test_a_header_that_proves_nothing_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignatureError):
        VERIFIER.parse_event(BODY.encode(), signature, at=NOON)


def test_a_changed_body_and_a_foreign_secret_are_refused() -> None:
    raw = BODY.encode()
    with pytest.raises(InvalidSignatureError):
        VERIFIER.parse_event(raw + b" ", sign_event(raw, SECRET, at=NOON), at=NOON)
    with pytest.raises(InvalidSignatureError):
        VERIFIER.parse_event(raw, sign_event(raw, Secret("whsec_foreign"), at=NOON), at=NOON)


@pytest.mark.parametrize("age", [timedelta(minutes=5, seconds=1), timedelta(seconds=-31)])
def test_an_old_signature_and_one_from_the_future_are_refused(age: timedelta) -> None:
    raw = BODY.encode()
    with pytest.raises(InvalidSignatureError):
        VERIFIER.parse_event(raw, sign_event(raw, SECRET, at=NOON), at=NOON + age)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"id": "evt_1"}',
        b'{"id": "4242424242424242", "type": "refund.failed", "data": {"object": {"id": "re_1"}}}',
        b'{"id": "evt_1", "type": "refund.failed", "data": {"object": {"id": {}}}}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSignatureError) as refused:
        VERIFIER.parse_event(body, sign_event(body, SECRET, at=NOON), at=NOON)
    assert str(refused.value) == ""


def test_without_a_secret_nothing_is_accepted() -> None:
    raw = BODY.encode()
    with pytest.raises(InvalidSignatureError):
        EventVerifier([]).parse_event(raw, sign_event(raw, Secret(""), at=NOON), at=NOON)

"""Opt-in requests, suppressions and consent texts."""

import hashlib
from datetime import timedelta

import pytest

from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS, CURRENT_CONSENT, Consent, ConsentSource
from services.newsletter.domain.subscriptions.opt_in import OptInCooldown, OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import RELAY_GRACE_PERIOD, Suppression, UnsubscribeMethod
from tests.support import NOON

MINUTE = timedelta(minutes=1)
COOLDOWN = OptInCooldown(pause=10 * MINUTE)


def opt_in_request(list_id: str, *, ago: timedelta) -> OptInRequest:
    return OptInRequest(
        request_id="opt_1",
        list_id=list_id,
        consent_version=CURRENT_CONSENT.version,
        source=ConsentSource.PAGE,
        requested_at=NOON - ago,
        expires_at=NOON + timedelta(hours=48),
    )


def ended(**changes: object) -> Suppression:
    consent = Consent(consent_version="1", source=ConsentSource.PAGE, requested_at=NOON, confirmed_at=NOON)
    fields = {
        "suppression_id": "sup_1",
        "subscription_id": "sub_1",
        "list_id": "lst_1",
        "account_id": "",
        "consent": consent,
        "subscribed_at": NOON - timedelta(days=1),
        "unsubscribed_at": NOON,
        "method": UnsubscribeMethod.PAGE,
        "resubscribed_at": None,
        **changes,
    }
    return Suppression(**fields)  # type: ignore[arg-type] # a table of changes


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ([], True),
        ([opt_in_request("a", ago=MINUTE)], False),
        ([opt_in_request("a", ago=11 * MINUTE)], True),
        ([opt_in_request("b", ago=MINUTE)], True),
        ([opt_in_request("b", ago=MINUTE), opt_in_request("c", ago=MINUTE), opt_in_request("d", ago=MINUTE)], False),
        (
            [
                opt_in_request("b", ago=MINUTE),
                opt_in_request("c", ago=11 * MINUTE),
                opt_in_request("d", ago=11 * MINUTE),
            ],
            True,
        ),
    ],
)
def test_an_address_cannot_be_bombed_with_confirmation_mails(asked: list[OptInRequest], allowed: bool) -> None:
    assert COOLDOWN.allows([(each.list_id, each.requested_at) for each in asked], "a", NOON) is allowed


def test_C10_a_letter_after_the_end_is_forbidden_and_one_under_way_is_not() -> None:
    assert not ended().is_violated_at(NOON - MINUTE)
    assert not ended().is_violated_at(NOON + RELAY_GRACE_PERIOD)
    assert ended().is_violated_at(NOON + RELAY_GRACE_PERIOD + timedelta(milliseconds=1))


def test_C10_a_returning_subscriber_gets_emails_from_then_on() -> None:
    back = ended(resubscribed_at=NOON + timedelta(days=2))
    assert back.is_violated_at(NOON + timedelta(days=1))
    assert not back.is_violated_at(NOON + timedelta(days=3))


def test_the_evidence_has_the_text_version_and_the_times_and_no_address() -> None:
    evidence = opt_in_request("a", ago=MINUTE).to_consent(NOON)
    assert evidence == Consent(
        consent_version=CURRENT_CONSENT.version,
        source=ConsentSource.PAGE,
        requested_at=NOON - MINUTE,
        confirmed_at=NOON,
    )


def test_a_consent_text_never_changes() -> None:
    digests = {
        version: hashlib.sha256(consent.text.encode()).hexdigest()[:16] for version, consent in CONSENT_TEXTS.items()
    }
    assert digests == {"1": "3211035835e11892", "2": "8e2a821e55dc6d44"}, (
        "a new text is a new version; the old ones stay as evidence"
    )

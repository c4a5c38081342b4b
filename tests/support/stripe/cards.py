"""What Stripe does with its test numbers, and what this wrapper does with the numbers of our simulator.

Stripe has no number for a lost answer or a false figure: those are the simulator's own, so that one behaviour suite
runs on both.
"""

from dataclasses import dataclass

from services.payments.domain import DeclineReason
from services.payments.ports.simulator import BEHAVIOUR_NUMBERS, DECLINED_NUMBERS, decline_test_number
from services.payments.ports.simulator.behaviours import Behaviour

_APPROVED, _DECLINED, _DECLINED_LATER, _CHALLENGED = (
    "4242424242424242",
    "4000000000000002",
    "4000000000000341",
    "4000002500003155",
)
_OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error", "incorrect_number"}
"""Reasons that are an error code of their own; the others are ``card_declined``."""


@dataclass(frozen=True, slots=True)
class TestCard:
    """How a number behaves: upstream, and in the wrapper."""

    __test__ = False

    upstream: str
    """The number that localstripe is given: it knows 16 digits and one decline."""
    behaviour: Behaviour
    reason: str = ""
    """The decline code when it is attached or charged."""


def look_up(number: str) -> TestCard:
    """Return how *number* behaves."""
    if reason := DECLINED_NUMBERS.get(number):
        return TestCard(_DECLINED, Behaviour.DECLINED, reason.value)
    for reason in DeclineReason:
        if number == decline_test_number(reason):
            return TestCard(_DECLINED_LATER, Behaviour.DECLINED, reason.value)
    behaviour = BEHAVIOUR_NUMBERS.get(number, Behaviour.APPROVED)
    if behaviour is Behaviour.DECLINED:
        return TestCard(number, behaviour, "generic_decline")
    if behaviour is Behaviour.ACTION_DECLINED:
        return TestCard(number, behaviour, "insufficient_funds")
    challenged = behaviour in (Behaviour.REQUIRES_ACTION, Behaviour.ACTION_FAILS)
    return TestCard(_CHALLENGED if challenged else _APPROVED, behaviour)


def brand_of(number: str) -> str:
    """Return the brand as Stripe names it."""
    prefixes = {"4": "visa", "5": "mastercard", "2": "mastercard", "34": "amex", "37": "amex", "36": "diners"}
    prefixes |= {"35": "jcb", "60": "discover", "62": "unionpay", "30": "diners", "38": "diners"}
    return prefixes.get(number[:2]) or prefixes.get(number[:1]) or "unknown"


def error_codes(reason: str) -> dict[str, str]:
    """Return ``code`` and ``decline_code`` of a decline."""
    return {"code": reason if reason in _OWN_CODES else "card_declined", "decline_code": reason}

"""What the simulator does with a card: the published test numbers, and numbers of its own for what has none."""

from collections.abc import Mapping
from enum import StrEnum

from services.payments.domain import DeclineReason
from shared.card_numbers import is_luhn_valid


class Behaviour(StrEnum):
    """How the simulator treats a stored card."""

    APPROVED = "approved"
    DECLINED = "declined"
    """Declined when it is charged; the reason follows the name in the reference."""
    REQUIRES_ACTION = "requires_action"
    """The customer authenticates first (3-D Secure), and succeeds."""
    ACTION_FAILS = "action_fails"
    """The customer authenticates first, and fails."""
    ACTION_DECLINED = "action_declined"
    """The customer authenticates first, and has insufficient funds."""
    TIMES_OUT_ONCE = "times_out_once"
    """The first call of an authorization has its effect, and its answer is lost."""
    UNREACHABLE_ONCE = "unreachable_once"
    """The first call of an authorization is lost before it has an effect."""
    CAPTURE_TIMES_OUT_ONCE = "capture_times_out_once"
    VOID_TIMES_OUT_ONCE = "void_times_out_once"
    EXPIRED_EARLY = "expired_early"
    """The authorization has expired when it is captured."""
    OTHER_AMOUNT = "other_amount"
    """The processor lies: it reports another amount than was asked for."""
    OTHER_CURRENCY = "other_currency"
    REFUND_TIMES_OUT_ONCE = "refund_times_out_once"
    REFUND_FAILS = "refund_fails"
    """A refund fails at once."""
    REFUND_FAILS_LATER = "refund_fails_later"
    """A refund succeeds, and has failed when it is read again."""
    REFUND_PENDING = "refund_pending"
    """A refund is pending, and has succeeded when it is read again."""
    DISPUTED = "disputed"
    """The captured charge is disputed as fraudulent."""


DECLINED_NUMBERS: Mapping[str, DeclineReason] = {
    "4000000000000002": DeclineReason.GENERIC_DECLINE,
    "4000000000000069": DeclineReason.EXPIRED_CARD,
    "4000000000000119": DeclineReason.PROCESSING_ERROR,
    "4000000000000127": DeclineReason.INCORRECT_CVC,
    "4000000000006975": DeclineReason.CARD_VELOCITY_EXCEEDED,
    "4000000000009979": DeclineReason.STOLEN_CARD,
    "4000000000009987": DeclineReason.LOST_CARD,
    "4000000000009995": DeclineReason.INSUFFICIENT_FUNDS,
    "4100000000000019": DeclineReason.FRAUDULENT,
}
"""Published test numbers that are declined when they are stored."""

BEHAVIOUR_NUMBERS: Mapping[str, Behaviour] = {
    "4000000000000341": Behaviour.DECLINED,
    "4000002500003155": Behaviour.REQUIRES_ACTION,
    "4000002760003184": Behaviour.REQUIRES_ACTION,
    "4000000000003220": Behaviour.REQUIRES_ACTION,
    "4000008260003178": Behaviour.ACTION_DECLINED,
    "4000000000000259": Behaviour.DISPUTED,
    "4000000000005126": Behaviour.REFUND_FAILS_LATER,
    "4000000000007726": Behaviour.REFUND_PENDING,
    "4000007700000018": Behaviour.TIMES_OUT_ONCE,
    "4000007700000026": Behaviour.UNREACHABLE_ONCE,
    "4000007700000034": Behaviour.CAPTURE_TIMES_OUT_ONCE,
    "4000007700000042": Behaviour.VOID_TIMES_OUT_ONCE,
    "4000007700000059": Behaviour.EXPIRED_EARLY,
    "4000007700000067": Behaviour.OTHER_AMOUNT,
    "4000007700000075": Behaviour.OTHER_CURRENCY,
    "4000007700000083": Behaviour.REFUND_TIMES_OUT_ONCE,
    "4000007700000091": Behaviour.REFUND_FAILS,
    "4000007700000109": Behaviour.ACTION_FAILS,
}
"""Published test numbers, and numbers beginning 40000077 that are the simulator's own."""

_OWN_DECLINES = "40000078"


def decline_test_number(reason: DeclineReason) -> str:
    """Return the simulator's own number that is stored and then declined for *reason*: 40000078, and its place."""
    body = f"{_OWN_DECLINES}{list(DeclineReason).index(reason):07}"
    return next(number for digit in "0123456789" if is_luhn_valid(number := body + digit))


_DECLINED_LATER: Mapping[str, DeclineReason] = {decline_test_number(reason): reason for reason in DeclineReason}
SIMULATOR_NUMBERS = frozenset({*DECLINED_NUMBERS, *BEHAVIOUR_NUMBERS, *_DECLINED_LATER})


def describe_behaviour(number: str) -> str:
    """Return the behaviour of *number* as it stands in a reference, with the reason of a decline."""
    if reason := _DECLINED_LATER.get(number):
        return f"{Behaviour.DECLINED}_{reason}"
    behaviour = BEHAVIOUR_NUMBERS.get(number, Behaviour.APPROVED)
    return f"{behaviour}_{DeclineReason.GENERIC_DECLINE}" if behaviour is Behaviour.DECLINED else behaviour.value


def parse_behaviour(text: str) -> tuple[Behaviour, DeclineReason | None]:
    """Return what describe_behaviour described."""
    if text.startswith(f"{Behaviour.DECLINED}_"):
        return Behaviour.DECLINED, DeclineReason.from_processor(text.removeprefix(f"{Behaviour.DECLINED}_"))
    return Behaviour(text), None

"""A simulated processor for local use, with the published test numbers of the card networks."""

from services.payments.domain import CardDetails, Money
from services.payments.ports.processor import ProcessorOutcome, ProcessorTimeoutError

DECLINED_NUMBERS = frozenset({"4000000000000002", "4000000000009995", "4000000000000069"})
CARD_BEHAVIOURS = {
    "4000000000000341": "charge_declined",
    "4000000000006975": "times_out_once",
    "4000000000007726": "refund_times_out_once",
    "4000000000005126": "refund_declined",
}
_DEFAULT_BEHAVIOUR = "approved"


class SimulatedProcessor:
    """Approves every valid card except the test numbers for declines and timeouts.

    The behaviour of a card is part of its reference, so no number is stored, and a repeated key gets the same answer.
    Memory holds only the keys that timed out and the charges whose refunds fail; a restart clears both.
    """

    def __init__(self) -> None:
        self._timed_out_keys: set[str] = set()
        self._behaviours: dict[str, str] = {}

    async def tokenize(self, card: CardDetails, *, key: str) -> str | None:
        """Return a reference that names the behaviour of the card; *key* is a hexadecimal digest."""
        if card.number in DECLINED_NUMBERS:
            return None
        return f"sim_{CARD_BEHAVIOURS.get(card.number, _DEFAULT_BEHAVIOUR)}_{key[:26]}"

    async def charge_card(self, reference: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Approve, decline or time out, as *reference* says."""
        behaviour = reference.removeprefix("sim_").rpartition("_")[0]
        if behaviour == "times_out_once":
            self._time_out_once(key)
        if behaviour.startswith("refund_"):
            self._behaviours[key] = behaviour
        return (
            ProcessorOutcome.DECLINED
            if behaviour == "charge_declined" or price.amount < 1
            else ProcessorOutcome.SUCCEEDED
        )

    async def refund(self, charge_key: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Approve, decline or time out, as the reference of the charged card says."""
        behaviour = self._behaviours.get(charge_key, _DEFAULT_BEHAVIOUR)
        if behaviour == "refund_times_out_once":
            self._time_out_once(key)
        return (
            ProcessorOutcome.DECLINED
            if behaviour == "refund_declined" or price.amount < 1
            else ProcessorOutcome.SUCCEEDED
        )

    def _time_out_once(self, key: str) -> None:
        if key not in self._timed_out_keys:
            self._timed_out_keys.add(key)
            raise ProcessorTimeoutError

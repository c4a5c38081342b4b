"""A processor for one machine: the card networks' published test numbers, and no memory of any number."""

from services.payments.domain import CardDetails, Money
from services.payments.ports.processor import ProcessorOutcome, ProcessorTimeoutError

DECLINED_NUMBERS = frozenset({"4000000000000002", "4000000000009995", "4000000000000069"})
CARD_BEHAVIOURS = {
    "4000000000000341": "declines",
    "4000000000006975": "silent_once",
    "4000000000007726": "refunds_silently_once",
    "4000000000005126": "refunds_never",
}
_DEFAULT_BEHAVIOUR = "pays"


class SimulatedProcessor:
    """Approves every usable card but the test numbers for refusals.

    How a card behaves is part of its reference, so nothing of the number is kept, and repeating a key repeats the
    answer because nothing else decides it. In memory it remembers only what it was silent about, and which charges
    were made with cards whose refunds misbehave; a restart makes these behave.
    """

    def __init__(self) -> None:
        self._timed_out_keys: set[str] = set()
        self._behaviours: dict[str, str] = {}

    async def tokenize(self, card: CardDetails, *, key: str) -> str | None:
        """Return a reference that says how the card behaves; *key* is a digest in hexadecimals."""
        if card.number in DECLINED_NUMBERS:
            return None
        return f"sim_{CARD_BEHAVIOURS.get(card.number, _DEFAULT_BEHAVIOUR)}_{key[:26]}"

    async def charge_card(self, reference: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Take the money, as the reference says."""
        behaviour = reference.removeprefix("sim_").rpartition("_")[0]
        if behaviour == "silent_once":
            self._time_out_once(key)
        if behaviour.startswith("refunds_"):
            self._behaviours[key] = behaviour
        return ProcessorOutcome.DECLINED if behaviour == "declines" or price.amount < 1 else ProcessorOutcome.SUCCEEDED

    async def refund(self, charge_key: str, price: Money, *, key: str) -> ProcessorOutcome:
        """Give the money back, as the card of the charge behaves."""
        behaviour = self._behaviours.get(charge_key, _DEFAULT_BEHAVIOUR)
        if behaviour == "refunds_silently_once":
            self._time_out_once(key)
        return (
            ProcessorOutcome.DECLINED
            if behaviour == "refunds_never" or price.amount < 1
            else ProcessorOutcome.SUCCEEDED
        )

    def _time_out_once(self, key: str) -> None:
        if key not in self._timed_out_keys:
            self._timed_out_keys.add(key)
            raise ProcessorTimeoutError

"""A processor for one machine: the card networks' published test numbers, and no memory of any number."""

from services.payments.domain import CardDetails, Money
from services.payments.ports.processor import Outcome, ProcessorSilentError
from shared.ids import NewId

DECLINED = frozenset({"4000000000000002", "4000000000009995", "4000000000000069"})
DECLINED_LATER = frozenset({"4000000000000341"})
SILENT_ONCE = frozenset({"4000000000006975"})


class SimulatedProcessor:
    """Approves every usable card but the test numbers for refusals.

    How a card behaves is part of its reference, so nothing of the number is kept; repeating a key repeats the outcome
    because outcomes depend on nothing else. Only *silent once* remembers, in memory, that it was silent.
    """

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id
        self._was_silent: set[str] = set()

    async def keep(self, card: CardDetails, *, key: str) -> str | None:
        """Return a reference whose prefix is the card's behaviour."""
        if card.number in DECLINED:
            return None
        if card.number in DECLINED_LATER:
            return self._new_id("sim_declines")
        return self._new_id("sim_silent_once" if card.number in SILENT_ONCE else "sim_pays")

    async def charge(self, reference: str, price: Money, *, key: str) -> Outcome:
        """Take the money, as the reference says."""
        if reference.startswith("sim_silent_once_") and key not in self._was_silent:
            self._was_silent.add(key)
            raise ProcessorSilentError
        return Outcome.DECLINED if reference.startswith("sim_declines_") else Outcome.DONE

    async def refund(self, charge_key: str, price: Money, *, key: str) -> Outcome:
        """Give the money back."""
        return Outcome.DONE

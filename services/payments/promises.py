"""The probes of the promises that payments owns."""

from dataclasses import dataclass

from services.payments.store import DOCUMENTS
from shared.mongo import Database
from shared.promises import Finding, Probe, broken, kept
from shared.promises.card_numbers import no_card_numbers

KEPT_OF_A_CARD = frozenset(
    {"_id", "account_id", "last4", "exp_month", "exp_year", "brand", "processor_ref", "created_at"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsProbes:
    """Looks at what is stored, not at what the code means to store."""

    db: Database

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C18", self.only_four_digits),)

    async def only_four_digits(self) -> Finding:
        """C18: stored cards hold four digits and a date, and no document of payments holds a card number."""
        cards = await self.db.collection(DOCUMENTS[0]).sample(500)
        too_much = sum(1 for card in cards if set(card) - KEPT_OF_A_CARD or len(str(card.get("last4"))) != 4)
        if too_much:
            return broken(len(cards), f"{too_much} stored cards hold more than four digits and a date")
        scanned = await no_card_numbers(self.db, DOCUMENTS).look()
        return scanned if scanned.state == "broken" else kept(scanned.looked_at, scanned.evidence)

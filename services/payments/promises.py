"""The probes of the promises that payments owns."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.store import CardDocument
from shared.mongo import Database, Document
from shared.policy import State
from shared.promises import Finding, Probe, broken, kept
from shared.promises.card_numbers import no_card_numbers

KEPT_OF_A_CARD = frozenset(
    {"_id", "account_id", "last4", "exp_month", "exp_year", "brand", "processor_ref", "created_at"}
)
SAMPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsProbes:
    """Looks at what is stored, not at what the code means to store."""

    db: Database
    documents: Sequence[type[Document]]
    """All that is stored in the database of payments, by the chassis too."""

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C18", self.only_four_digits),)

    async def only_four_digits(self) -> Finding:
        """C18: stored cards hold four digits and a date, and no document of payments holds a card number."""
        cards = await self.db.collection(CardDocument).sample(SAMPLE)
        too_much = sum(1 for card in cards if set(card) - KEPT_OF_A_CARD or len(str(card.get("last4"))) != 4)
        if too_much:
            return broken(len(cards), f"{too_much} stored cards hold more than four digits and a date")
        scanned = await no_card_numbers(self.db, self.documents).look()
        if scanned.state is State.BROKEN:
            return scanned
        return kept(scanned.looked_at, f"cards hold four digits and a date; {scanned.evidence}")

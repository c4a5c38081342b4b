"""The probes of the promises that payments owns."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.store import CardDocument
from shared.mongo import Database, Document
from shared.policy import PromiseState
from shared.promises import Finding, Probe, broken_finding, kept_finding
from shared.promises.card_numbers import card_number_probe

ALLOWED_CARD_FIELDS = frozenset(
    {"_id", "account_id", "last4", "exp_month", "exp_year", "brand", "processor_ref", "created_at"}
)
SAMPLE_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsProbes:
    """Looks at what is stored, not at what the code means to store."""

    db: Database
    documents: Sequence[type[Document]]
    """All that is stored in the database of payments, by the chassis too."""

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C18", self.only_four_digits),)

    async def only_four_digits(self) -> Finding:
        """C18: stored cards hold four digits and a date, and no document of payments holds a card number."""
        cards = await self.db.get_collection(CardDocument).sample_documents(SAMPLE_SIZE)
        too_much = sum(1 for card in cards if set(card) - ALLOWED_CARD_FIELDS or len(str(card.get("last4"))) != 4)
        if too_much:
            return broken_finding(len(cards), f"{too_much} stored cards hold more than four digits and a date")
        scanned = await card_number_probe(self.db, self.documents).check()
        if scanned.state is PromiseState.BROKEN:
            return scanned
        return kept_finding(scanned.sample_size, f"cards hold four digits and a date; {scanned.evidence}")

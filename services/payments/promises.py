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
    """Checks the stored documents, not the code that stores them."""

    db: Database
    documents: Sequence[type[Document]]
    """All documents of the database, those of the chassis included."""

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C18", self.only_four_digits),)

    async def only_four_digits(self) -> Finding:
        """C18: stored cards have four digits and an expiry date, and no document contains a card number."""
        cards = await self.db.get_collection(CardDocument).sample_documents(SAMPLE_SIZE)
        violations = sum(1 for card in cards if set(card) - ALLOWED_CARD_FIELDS or len(str(card.get("last4"))) != 4)
        if violations:
            return broken_finding(
                len(cards), f"{violations} stored cards have more than four digits and an expiry date"
            )
        scanned = await card_number_probe(self.db, self.documents).check()
        if scanned.state is PromiseState.BROKEN:
            return scanned
        return kept_finding(scanned.sample_size, f"cards have four digits and an expiry date; {scanned.evidence}")

"""The probes of the promises that payments owns."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.payments.store import Books, CardDocument
from shared.clock import Clock
from shared.mongo import Database, Document
from shared.policy import PromiseState
from shared.promises import Finding, Probe, broken_finding, kept_finding
from shared.promises.card_numbers import card_number_probe
from shared.promises.card_scan import CardScanResult

ALLOWED_CARD_FIELDS = frozenset(
    {"_id", "account_id", "last4", "exp_month", "exp_year", "brand", "processor_ref", "created_at"}
)
SAMPLE_SIZE = 500
BOOKS_SAMPLE_SIZE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsProbes:
    """Checks the stored documents, not the code that stores them."""

    db: Database
    documents: Sequence[type[Document]]
    """All documents of the database, those of the chassis included."""
    scan_file: Path
    """What the last scan of the whole installation found; there is none where nothing runs it."""
    clock: Clock

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C18", self.only_what_billing_needs),)

    async def only_what_billing_needs(self) -> Finding:
        """C18: of a card only four digits and a date are stored, and the books that they are kept for agree."""
        cards = await self.only_four_digits()
        if cards.state is not PromiseState.KEPT:
            return cards
        books = await self.books_agree()
        if books.state is not PromiseState.KEPT:
            return books
        return kept_finding(cards.sample_size + books.sample_size, f"{cards.evidence}; {books.evidence}")

    async def books_agree(self) -> Finding:
        """Compare the journal of a sample of charges and entries with the charges, refunds and disputes."""
        books = Books(self.db)
        charge_ids = await books.sample_ids(BOOKS_SAMPLE_SIZE, at=self.clock())
        differing = await books.find_differences(charge_ids)
        if differing:
            return broken_finding(len(charge_ids), f"the books of {len(differing)} charges do not agree")
        return kept_finding(len(charge_ids), f"the books of {len(charge_ids)} charges agree")

    async def only_four_digits(self) -> Finding:
        """Stored cards have four digits and an expiry date, and a card number is stored nowhere."""
        cards = await self.db.get_collection(CardDocument).sample_documents(SAMPLE_SIZE)
        violations = sum(1 for card in cards if set(card) - ALLOWED_CARD_FIELDS or len(str(card.get("last4"))) != 4)
        if violations:
            return broken_finding(
                len(cards), f"{violations} stored cards have more than four digits and an expiry date"
            )
        stored = await card_number_probe(self.db, self.documents).check()
        scanned = await asyncio.to_thread(CardScanResult.read_file, self.scan_file)
        searched = scanned.to_finding(self.clock()) if scanned else None
        for each in (stored, searched):
            if each is not None and each.state is PromiseState.BROKEN:
                return each
        evidence = f"cards have four digits and an expiry date; {stored.evidence}"
        return kept_finding(stored.sample_size, f"{evidence}; {searched.evidence}" if searched else evidence)

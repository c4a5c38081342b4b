"""The simulator's own page on which a customer chooses a test card, as a processor's page asks for a real one."""

import hashlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping

from services.payments.domain import CardDetails, ReportedCard
from services.payments.ports.processor import CardPage, CardPageStatus, ProcessorRejectedError
from services.payments.ports.simulator.books import Row, SimulatorBooks, find_row, insert_row, update_row

CARD_CHOICES: Mapping[str, str] = {
    "Visa": "4242424242424242",
    "Mastercard": "5555555555554444",
    "American Express": "378282246310005",
    "Declined when it is charged": "4000000000000341",
    "Asks for authentication": "4000002500003155",
    "Disputed after a charge": "4000000000000259",
}
"""The test cards that the page offers; no number is typed, sent or stored."""
_EXPIRY_YEAR = 2040


class SimulatedCardPages(ABC):
    """Opens card pages below *page_root*, and takes the chosen cards."""

    page_root = ""

    def __init__(self, books: SimulatorBooks) -> None:
        self._books = books

    @abstractmethod
    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Store *card*."""

    @abstractmethod
    async def get_card(self, reference: str) -> ReportedCard | None:
        """Return the stored card."""

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        """Open a page; the same one for the same *key*."""
        page_id = hashlib.sha256(key.encode()).hexdigest()[:26]

        def store(books: sqlite3.Connection) -> None:
            if find_row(books, "card_pages", id=page_id) is None:
                insert_row(books, "card_pages", id=page_id, return_url=return_url, card="")

        await self._books.run(store)
        return CardPage(reference=page_id, url=f"{self.page_root}/{page_id}", status=CardPageStatus.OPEN)

    async def get_card_page(self, reference: str) -> CardPage:
        """Return the page with the card that was chosen."""
        row = await self._get_page(reference)
        card = await self.get_card(row["card"]) if row["card"] else None
        return CardPage(
            reference=reference,
            url=f"{self.page_root}/{reference}",
            status=CardPageStatus.COMPLETED if card else CardPageStatus.OPEN,
            card=card,
        )

    async def choose_card(self, reference: str, choice: str | None) -> str:
        """Complete the page with one of CARD_CHOICES, or leave it open; return where the customer goes."""
        row = await self._get_page(reference)
        if choice is not None and not row["card"]:
            number = CARD_CHOICES[choice]
            code = "1234" if len(number) == 15 else "123"
            details = CardDetails(number=number, exp_month=12, exp_year=_EXPIRY_YEAR, security_code=code)
            card = await self.tokenize(details, key=reference)
            await self._books.run(lambda books: update_row(books, "card_pages", reference, card=card.reference))
        return str(row["return_url"])

    async def _get_page(self, reference: str) -> Row:
        row = await self._books.run(lambda books: find_row(books, "card_pages", id=reference))
        if row is None:
            raise ProcessorRejectedError("resource_missing")
        return row

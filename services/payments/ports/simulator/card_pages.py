"""The simulator's own page on which a customer chooses a test card, as a processor's page asks for a real one."""

import hashlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping

from services.payments.domain import CardDetails, DeclineReason, ReportedCard
from services.payments.ports.processor import (
    CardPage,
    CardPageDecline,
    CardPageStatus,
    ProcessorDeclinedError,
    ProcessorRejectedError,
)
from services.payments.ports.simulator.books import Row, SimulatorBooks, find_row, insert_row, update_row

CARD_CHOICES: Mapping[str, str] = {
    "Visa": "4242424242424242",
    "Mastercard": "5555555555554444",
    "American Express": "378282246310005",
    "Declined when it is stored": "4000000000000002",
    "Declined when it is charged": "4000000000000341",
    "Asks for authentication": "4000002500003155",
    "Disputed after a charge": "4000000000000259",
}
"""The test cards that the page offers; no number is typed, sent or stored."""
_EXPIRY_YEAR = 2040
_PAGE, _SETUP = "simcp_", "simseti_"
"""How the ids of a page begin, and of what an event about it names."""


def derive_id(key: str) -> str:
    """Return an id of lower-case letters: one of digits could pass for a card number."""
    return "".join("abcdefghijkmnpqr"[int(digit, 16)] for digit in hashlib.sha256(key.encode()).hexdigest()[:26])


class SimulatedCardPages(ABC):
    """Opens card pages below *page_root*, and takes the chosen cards."""

    page_root = ""

    def __init__(self, books: SimulatorBooks) -> None:
        self._books = books

    @property
    def books(self) -> SimulatorBooks:
        """The books, which the webhooks watch."""
        return self._books

    @abstractmethod
    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Store *card*."""

    @abstractmethod
    async def get_card(self, reference: str) -> ReportedCard | None:
        """Return the stored card."""

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        """Open a page; the same one for the same *key*."""
        page_id = f"{_PAGE}{derive_id(key)}"

        def store(books: sqlite3.Connection) -> None:
            if find_row(books, "card_pages", id=page_id) is None:
                insert_row(books, "card_pages", id=page_id, return_url=return_url, card="")
                insert_row(books, "page_declines", page_id=page_id, page_key=key, count=0, reason="")

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
            decline=await self.find_page_decline(f"{_SETUP}{reference.removeprefix(_PAGE)}"),
        )

    async def find_page_decline(self, setup_reference: str) -> CardPageDecline | None:
        """Return the last card that was declined on a page."""
        page_id = f"{_PAGE}{setup_reference.removeprefix(_SETUP)}"
        row = await self._books.run(lambda books: find_row(books, "page_declines", page_id=page_id))
        if row is None or not row["count"]:
            return None
        return CardPageDecline(
            page_key=row["page_key"],
            decline_id=f"{setup_reference}_{row['count']}",
            reason=DeclineReason(row["reason"]),
        )

    async def choose_card(self, reference: str, choice: str | None) -> str:
        """Complete the page with one of CARD_CHOICES, or leave it open; return where the customer goes.

        After a decline that is the page again, for another card.
        """
        row = await self._get_page(reference)
        if choice is not None and not row["card"]:
            number = CARD_CHOICES[choice]
            code = "1234" if len(number) == 15 else "123"
            details = CardDetails(number=number, exp_month=12, exp_year=_EXPIRY_YEAR, security_code=code)
            try:
                card = await self.tokenize(details, key=reference)
            except ProcessorDeclinedError as declined:
                await self._record_decline(reference, declined.reason)
                return f"{self.page_root}/{reference}"
            await self._books.run(lambda books: update_row(books, "card_pages", reference, card=card.reference))
        return str(row["return_url"])

    async def _record_decline(self, page_id: str, reason: DeclineReason) -> None:
        def record(books: sqlite3.Connection) -> None:
            books.execute(
                "UPDATE page_declines SET count = count + 1, reason = ? WHERE page_id = ?", (reason.value, page_id)
            )

        await self._books.run(record)

    async def _get_page(self, reference: str) -> Row:
        row = await self._books.run(lambda books: find_row(books, "card_pages", id=reference))
        if row is None:
            raise ProcessorRejectedError("resource_missing")
        return row

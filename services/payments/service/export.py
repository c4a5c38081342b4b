"""Exports what payments stores of an account (C26)."""

from dataclasses import dataclass

from services.payments.domain import Card, Charge, Refund
from services.payments.domain.disputes import Dispute
from services.payments.store import Cards, Charges, Disputes, Refunds
from shared.mongo import encode_position
from shared.privacy import ExportPage, ExportPart, PagedExport

_PAGE_SIZE = 500
"""A row is below 2 KiB (a description has at most 200 characters), so a page stays below 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Reads the cards, charges, refunds and disputes of an account, newest first."""

    cards: Cards
    charges: Charges
    refunds: Refunds
    disputes: Disputes

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:
        """Return one page: cards, then charges, refunds and disputes (C26)."""
        return await self._pages().export_page(account_id, cursor)

    def _pages(self) -> PagedExport:
        return PagedExport(
            parts=(
                ExportPart(name="cards", read=self.list_cards, position=_card_position),
                ExportPart(name="charges", read=self.list_charges, position=_charge_position),
                ExportPart(name="refunds", read=self.list_refunds, position=_refund_position),
                ExportPart(name="disputes", read=self.list_disputes, position=_dispute_position),
            ),
            page_size=_PAGE_SIZE,
        )

    async def list_cards(self, account_id: str, after: str | None, limit: int) -> list[Card]:
        """Return cards, newest first."""
        return await self.cards.list_by_account(account_id, after=after, limit=limit)

    async def list_charges(self, account_id: str, after: str | None, limit: int) -> list[Charge]:
        """Return charges, newest first."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def list_refunds(self, account_id: str, after: str | None, limit: int) -> list[Refund]:
        """Return refunds, newest first."""
        return await self.refunds.list_by_account(account_id, after=after, limit=limit)

    async def list_disputes(self, account_id: str, after: str | None, limit: int) -> list[Dispute]:
        """Return disputes, newest first."""
        return await self.disputes.list_by_account(account_id, after=after, limit=limit)


def _card_position(card: Card) -> str:
    return encode_position(card.created_at, card.card_id)


def _charge_position(charge: Charge) -> str:
    return encode_position(charge.created_at, charge.charge_id)


def _refund_position(refund: Refund) -> str:
    return encode_position(refund.created_at, refund.refund_id)


def _dispute_position(dispute: Dispute) -> str:
    return encode_position(dispute.created_at, dispute.dispute_id)

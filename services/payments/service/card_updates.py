"""Follows a card that the bank replaced: the processor reports another expiry date or other last digits."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain import Card
from services.payments.ports import Processor
from services.payments.store import Cards
from shared import observe
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

log = observe.get_logger(__name__)

_FIELDS = ("payments.cards.last4", "payments.cards.exp_month", "payments.cards.exp_year")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUpdater:
    """Takes over what the processor says of a stored card; the owner sees in the ledger that it changed."""

    processor: Processor
    cards: Cards
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def update(self, reference: str, *, at: datetime) -> bool:
        """Update the cards with this *reference*. True also when there is none: it was deleted here."""
        cards = await self.cards.list_by_reference(reference)
        report = await self.processor.get_card(cards[0].processor_ref) if cards else None
        if report is None:
            return True
        for old in cards:
            new = replace(old, last4=report.last4, exp_month=report.exp_month, exp_year=report.exp_year)
            if new != old:
                await self._store(old, new, at)
        return True

    async def _store(self, old: Card, new: Card, at: datetime) -> None:
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=new.account_id,
            recipient_kind="service",
            recipient_id="payments",
            fields=_FIELDS,
            purpose=Purpose.BILLING,
            basis="The bank replaced the card.",
            accessed_at=at,
        )

        async def write() -> bool:
            if not await self.cards.update_details(old, new):
                return False  # deleted, or updated by another process
            await record_access(self.outbox, access)
            return True

        if await self.transact(write):
            log.info("card.updated", card_id=new.card_id)

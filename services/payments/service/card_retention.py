"""Deletes cards that are of no more use: no open charge, and the last charge is past the refund window (C17)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import Card
from services.payments.ports import Processor, ProcessorClosedError, ProcessorRejectedError, ProcessorTimeoutError
from services.payments.store import Cards, Charges
from shared import observe

log = observe.get_logger(__name__)

BATCH_SIZE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRetention:
    """Deletes the token at the processor first, then here: a crash in between leaves nothing behind."""

    processor: Processor
    cards: Cards
    charges: Charges
    refund_window: timedelta

    async def delete_unused(self, *, at: datetime) -> int:
        """Delete the cards without an open charge and without one in the refund window; return how many."""
        since, deleted, after = at - self.refund_window, 0, ""
        while cards := await self.cards.list_created_before(since, after=after, limit=BATCH_SIZE):
            for card in cards:
                if not await self.charges.has_recent_or_open(card.card_id, since=since):
                    deleted += await self._delete(card)
            after = cards[-1].card_id
        if deleted:
            log.info("card.unused_deleted", count=deleted)
        return deleted

    async def _delete(self, card: Card) -> bool:
        try:
            await self.processor.delete_card(card.processor_ref)
        except (ProcessorTimeoutError, ProcessorClosedError, ProcessorRejectedError):
            return False  # the next run tries it again
        return await self.cards.delete(card.account_id, card.card_id)

"""What payments hears and answers."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from services.payments.store import Cards, Charges
from shared.bus import Answer, Asked, Delivery, Outbox, Subscription, on
from shared.clock import Clock, rfc3339
from shared.contracts import common_v1, identity_v1

BOOKS_KEPT = timedelta(days=7 * 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsEvents:
    """Erases and hands over what payments holds of an account."""

    cards: Cards
    charges: Charges
    outbox: Outbox
    clock: Clock

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what payments consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (Subscription(queue="payments.erasure", handles=(erasure,)),)

    def answers(self) -> tuple[Answer, ...]:
        """Return the questions that payments answers."""
        return (Answer("payments.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, fact: identity_v1.ErasureRequested, delivery: Delivery) -> None:
        """Delete the cards and cut the charges loose from the account; the books keep amounts only (C31)."""
        cards = await self.cards.remove_all(fact.account_id)
        charges = await self.charges.release(fact.account_id)
        receipt = common_v1.ErasureCompleted(erasure_id=fact.erasure_id, erased={"cards": cards})
        receipt.completed_at.FromDatetime(self.clock())
        if charges:
            kept = receipt.kept.add(what=f"{charges} charges without your name", why="bookkeeping duties")
            kept.until.FromDatetime(self.clock() + BOOKS_KEPT)
        await self.outbox.put(receipt)

    async def export_page(self, request: common_v1.ExportPageRequest, asked: Asked) -> common_v1.ExportPageReply:
        """Hand over all cards and charges of an account as JSON (C26)."""
        cards = [asdict(card) for card in await self.cards.all_of(request.account_id)]
        charges = [asdict(charge) for charge in await self.charges.all_of(request.account_id, limit=0)]
        for row in (*cards, *charges):
            row["created_at"] = rfc3339(row["created_at"])
        content = json.dumps({"cards": cards, "charges": charges}, indent=2).encode()
        return common_v1.ExportPageReply(items=[common_v1.ExportItem(path="data.json", content=content)])

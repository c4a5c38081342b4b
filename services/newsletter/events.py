"""What newsletter hears and answers."""

from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.service import Holdings, Leaving
from shared.bus import Answer, Asked, Delivery, Outbox, Subscription, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterEvents:
    """Erases and hands over what newsletter holds of an account."""

    leaving: Leaving
    holdings: Holdings
    outbox: Outbox
    clock: Clock
    proofs_kept: timedelta

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what newsletter consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (Subscription(queue="newsletter.erasure", handles=(erasure,)),)

    def answers(self) -> tuple[Answer, ...]:
        """Return the questions that newsletter answers."""
        return (Answer("newsletter.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, fact: identity_v1.ErasureRequested, _delivery: Delivery) -> None:
        """End and erase the subscriptions that are linked to the account (C31).

        One that was made without logging in is not linked, and is not looked for by the address of the account: that
        was given for other purposes than to search lists with it (C06). Its own letters say how to leave.
        """
        now = self.clock()
        done = await self.leaving.erase(fact.account_id, at=now)
        receipt = common_v1.ErasureCompleted(erasure_id=fact.erasure_id, erased=done.erased)
        receipt.completed_at.FromDatetime(now)
        if done.proofs:
            kept = receipt.kept.add(
                what=f"{done.proofs} proofs that you joined and left a list, a keyed hash in place of your address",
                why="so that no old list can bring you back, and to show that our letters were wanted",
            )
            kept.until.FromDatetime(now + self.proofs_kept)
        await self.outbox.put(receipt, subject=fact.erasure_id)

    async def export_page(self, request: common_v1.ExportPageRequest, _asked: Asked) -> common_v1.ExportPageReply:
        """Hand over what is held of an account, then the letters that were sent (C26)."""
        path, content, cursor = await self.holdings.page(request.account_id, request.cursor)
        return common_v1.ExportPageReply(items=[common_v1.ExportItem(path=path, content=content)], next_cursor=cursor)

"""What newsletter hears and answers."""

from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.service import AccountExport, UnsubscribeService
from shared.bus import EventDelivery, EventSubscription, Outbox, RpcContext, RpcHandler, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterEvents:
    """Erases and hands over what newsletter holds of an account."""

    unsubscribe_service: UnsubscribeService
    account_export: AccountExport
    outbox: Outbox
    clock: Clock
    suppression_retention: timedelta

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return what newsletter consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (EventSubscription(queue="newsletter.erasure", handlers=(erasure,)),)

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the questions that newsletter answers."""
        return (RpcHandler("newsletter.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """End and erase the subscriptions that are linked to the account (C31).

        One that was made without logging in is not linked, and is not looked for by the address of the account: that
        was given for other purposes than to search lists with it (C06). Its own letters say how to leave.
        """
        now = self.clock()
        done = await self.unsubscribe_service.erase_account(event.account_id, at=now)
        receipt = common_v1.ErasureCompleted(erasure_id=event.erasure_id, erased_counts=done.erased_counts)
        receipt.completed_at.FromDatetime(now)
        if done.retained_proofs:
            retained = receipt.retained_items.add(
                description=f"{done.retained_proofs} proofs that you joined and left a list, "
                "a keyed hash in place of your address",
                reason="so that no old list can bring you back, and to show that our letters were wanted",
            )
            retained.retained_until.FromDatetime(now + self.suppression_retention)
        await self.outbox.put(receipt, subject=event.erasure_id)

    async def export_page(
        self, request: common_v1.ExportPageRequest, _context: RpcContext
    ) -> common_v1.ExportPageReply:
        """Hand over what is held of an account, then the letters that were sent (C26)."""
        path, content, cursor = await self.account_export.export_page(request.account_id, request.cursor)
        return common_v1.ExportPageReply(items=[common_v1.ExportItem(path=path, content=content)], next_cursor=cursor)

"""Erases what disclosure holds of an account, and says what must stay (C31)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from services.disclosure.service import AccessLedger
from shared.bus import EventDelivery, EventSubscription, Outbox, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1

RETAINED_NOTICES = "{count} notices that data of your account was disclosed: case, account id and whether you were told"
RETENTION_REASON = "the proof that everybody concerned was told stays with the case; it holds no name and no address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureEvents:
    """Gives the receipt of an erasure."""

    ledger: AccessLedger
    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    outbox: Outbox
    clock: Clock
    notice_retention: timedelta

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return what is consumed."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (EventSubscription(queue="disclosure.erasure", handlers=(erasure,)),)

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Erase the ledger of the account; its notices stay, named with the reason and the end."""
        at = self.clock()
        erased, notices = await self.ledger.erase(event.account_id, at=at)
        erased |= await self.erase_subject(event.account_id)
        receipt = common_v1.ErasureCompleted(
            erasure_id=event.erasure_id, erased_counts={name: count for name, count in erased.items() if count}
        )
        receipt.completed_at.FromDatetime(at)
        if notices:
            retained = receipt.retained_items.add(
                description=RETAINED_NOTICES.format(count=notices), reason=RETENTION_REASON
            )
            retained.retained_until.FromDatetime(at + self.notice_retention)
        await self.outbox.put(receipt)

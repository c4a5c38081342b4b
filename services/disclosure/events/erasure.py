"""Erases what disclosure holds of an account, and says what must stay (C31)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from services.disclosure.service import Seen
from shared.bus import Delivery, Outbox, Subscription, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1

WHAT = "{count} notices that data of your account was disclosed: case, account id and whether you were told"
WHY = "the proof that everybody concerned was told stays with the case; it holds no name and no address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureEvents:
    """Gives the receipt of an erasure."""

    seen: Seen
    forget: Callable[[str], Awaitable[dict[str, int]]]
    outbox: Outbox
    clock: Clock
    proof_kept: timedelta

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what is consumed."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (Subscription(queue="disclosure.erasure", handles=(erasure,)),)

    async def on_erasure_requested(self, fact: identity_v1.ErasureRequested, _delivery: Delivery) -> None:
        """Erase the ledger of the account; its notices stay, named with the reason and the end."""
        at = self.clock()
        erased, notices = await self.seen.erase(fact.account_id, at=at)
        erased |= await self.forget(fact.account_id)
        receipt = common_v1.ErasureCompleted(
            erasure_id=fact.erasure_id, erased={name: count for name, count in erased.items() if count}
        )
        receipt.completed_at.FromDatetime(at)
        if notices:
            kept = receipt.kept.add(what=WHAT.format(count=notices), why=WHY)
            kept.until.FromDatetime(at + self.proof_kept)
        await self.outbox.put(receipt)

"""Erasure of an account (C31): each service deletes its data and publishes a receipt of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.bus import EventDelivery, EventSubscription, Outbox, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1

ErasedCounts = dict[str, int]
"""How many documents were deleted, by collection."""
EraseSubject = Callable[[str], Awaitable[ErasedCounts]]
"""Destroys the key of a subject and deletes its data in the chassis: stored replies and queued emails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedRecord:
    """Data that the service must retain because of a law or a dispute; all three fields are shown to the customer."""

    description: str
    reason: str
    retained_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureResult:
    """What one service deleted of an account, and what it had to retain."""

    erased_counts: Mapping[str, int]
    """By collection; collections without a deletion are left out of the receipt."""
    retained_items: Sequence[RetainedRecord] = ()


class AccountEraser(Protocol):
    """Deletes what one service stores of an account."""

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:
        """Delete it in the ambient transaction; a second call deletes nothing more."""
        ...


def build_receipt(erasure_id: str, result: ErasureResult, *, at: datetime) -> common_v1.ErasureCompleted:
    """Return the receipt of one service for the erasure *erasure_id*, completed *at*."""
    receipt = common_v1.ErasureCompleted(
        erasure_id=erasure_id, erased_counts={name: count for name, count in result.erased_counts.items() if count}
    )
    receipt.completed_at.FromDatetime(at)
    for item in result.retained_items:
        retained = receipt.retained_items.add(description=item.description, reason=item.reason)
        retained.retained_until.FromDatetime(item.retained_until)
    return receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureConsumer:
    """Consumes the erasures of identity, deletes, and publishes the receipt: all in the transaction of the delivery."""

    service: str
    account_eraser: AccountEraser
    outbox: Outbox
    clock: Clock

    def build_subscription(self) -> EventSubscription:
        """Return the subscription to ``identity.erasure.requested.v1``."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return EventSubscription(queue=f"{self.service}.erasure", handlers=(erasure,))

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Delete what the service stores of the account and publish the receipt (C31)."""
        at = self.clock()
        result = await self.account_eraser.erase(event.account_id, at=at)
        await self.outbox.put(build_receipt(event.erasure_id, result, at=at), subject=event.erasure_id)

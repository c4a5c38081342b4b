"""The event that tells a customer that a request came to nothing."""

from datetime import datetime

from services.payments.domain import Refund
from shared.bus import Outbox
from shared.contracts import payments_v1


async def publish_rejection(outbox: Outbox, refund: Refund, *, at: datetime) -> None:
    """Publish, in the ambient transaction, that a request was rejected, or not decided in time."""
    event = payments_v1.RefundRejected(
        refund_id=refund.refund_id,
        charge_id=refund.charge_id,
        account_id=refund.account_id,
        amount=refund.price.amount,
        currency=refund.price.currency,
    )
    event.rejected_at.FromDatetime(at)
    await outbox.put(event, subject=refund.account_id)

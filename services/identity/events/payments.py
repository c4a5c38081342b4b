"""Events of payments: each becomes an e-mail to the owner of the account."""

from dataclasses import dataclass
from datetime import UTC

from services.identity.domain.accounts.payment_notices import PaymentNotice
from services.identity.service.accounts.payment_receipts import PaymentReceiptSender
from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import payments_v1


@dataclass(frozen=True, slots=True)
class PaymentEvents:
    """The handlers of the queue of receipts."""

    receipt_sender: PaymentReceiptSender

    def build_subscription(self) -> EventSubscription:
        """Return the subscription."""
        handlers = (
            on(payments_v1.ChargeCaptured, "payments", self.on_charge_captured),
            on(payments_v1.ChargeRefunded, "payments", self.on_charge_refunded),
            on(payments_v1.RefundFailed, "payments", self.on_refund_failed),
            on(payments_v1.RefundRejected, "payments", self.on_refund_rejected),
        )
        return EventSubscription(queue="identity.receipts", handlers=handlers)

    async def on_charge_captured(self, event: payments_v1.ChargeCaptured, _delivery: EventDelivery) -> None:
        """Send the receipt."""
        notice = PaymentNotice(
            account_id=event.account_id,
            charge_id=event.charge_id,
            amount=event.amount,
            currency=event.currency,
            at=event.captured_at.ToDatetime(UTC),
        )
        await self.receipt_sender.send_receipt(notice)

    async def on_charge_refunded(self, event: payments_v1.ChargeRefunded, _delivery: EventDelivery) -> None:
        """Send the receipt of the refund or credit."""
        notice = PaymentNotice(
            account_id=event.account_id,
            charge_id=event.charge_id,
            refund_id=event.refund_id,
            amount=event.amount,
            currency=event.currency,
            is_credit=event.kind == "credit",
            at=event.refunded_at.ToDatetime(UTC),
        )
        await self.receipt_sender.send_refund_receipt(notice)

    async def on_refund_failed(self, event: payments_v1.RefundFailed, _delivery: EventDelivery) -> None:
        """Tell the owner that the money did not arrive."""
        notice = PaymentNotice(
            account_id=event.account_id,
            charge_id=event.charge_id,
            refund_id=event.refund_id,
            amount=event.amount,
            currency=event.currency,
            is_credit=event.kind == "credit",
            at=event.failed_at.ToDatetime(UTC),
        )
        await self.receipt_sender.send_refund_failed(notice)

    async def on_refund_rejected(self, event: payments_v1.RefundRejected, _delivery: EventDelivery) -> None:
        """Tell the owner about the decision."""
        notice = PaymentNotice(
            account_id=event.account_id,
            charge_id=event.charge_id,
            refund_id=event.refund_id,
            amount=event.amount,
            currency=event.currency,
            at=event.rejected_at.ToDatetime(UTC),
        )
        await self.receipt_sender.send_refund_rejected(notice)

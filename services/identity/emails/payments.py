"""E-mails about payments: receipts, and refunds that failed or were rejected."""

from services.identity.domain.accounts.payment_notices import PaymentNotice
from services.identity.emails.messages import build_message
from shared.formatting import format_money
from shared.mail import MailQueue
from shared.policy import Purpose


class PaymentEmails:
    """Queues e-mails in the ambient transaction, so that one is sent if and only if its event is recorded."""

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_receipt(self, email: str, notice: PaymentNotice) -> None:
        """Send the receipt of a captured charge."""
        await self._send("payment_receipt", email, notice, purpose=Purpose.BILLING)

    async def send_refund_receipt(self, email: str, notice: PaymentNotice) -> None:
        """Send the receipt of a refund or credit."""
        await self._send("refund_receipt", email, notice, purpose=_get_purpose(notice))

    async def send_refund_failed(self, email: str, notice: PaymentNotice) -> None:
        """Tell the customer that the bank returned the money of a refund or credit."""
        await self._send("refund_failed", email, notice, purpose=_get_purpose(notice))

    async def send_refund_rejected(self, email: str, notice: PaymentNotice) -> None:
        """Tell the customer that staff rejected the refund; the reason is on the page."""
        await self._send("refund_rejected", email, notice, purpose=Purpose.REFUND)

    async def _send(self, template: str, email: str, notice: PaymentNotice, *, purpose: Purpose) -> None:
        message = build_message(
            template, email, url=self._url, notice=notice, amount=format_money(notice.amount, notice.currency)
        )
        await self._queue.enqueue(message, subject=notice.account_id, purpose=purpose)


def _get_purpose(notice: PaymentNotice) -> Purpose:
    return Purpose.CREDIT if notice.is_credit else Purpose.REFUND

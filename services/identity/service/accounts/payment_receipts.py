"""Sends the receipts of payments: identity knows the address, payments does not."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.identity.domain.accounts.payment_notices import PaymentNotice
from services.identity.emails.payments import PaymentEmails
from services.identity.store import Accounts
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceiptSender:
    """Queues the e-mails, in the ambient transaction; without an account there is none to write to."""

    accounts: Accounts
    payment_emails: PaymentEmails

    async def send_receipt(self, notice: PaymentNotice) -> None:
        """Send the receipt of a captured charge."""
        await self._send(self.payment_emails.send_receipt, notice, Purpose.BILLING)

    async def send_refund_receipt(self, notice: PaymentNotice) -> None:
        """Send the receipt of a refund or credit."""
        await self._send(self.payment_emails.send_refund_receipt, notice, Purpose.REFUND)

    async def send_refund_failed(self, notice: PaymentNotice) -> None:
        """Tell the owner that a refund or credit has failed."""
        await self._send(self.payment_emails.send_refund_failed, notice, Purpose.REFUND)

    async def send_refund_rejected(self, notice: PaymentNotice) -> None:
        """Tell the owner that a refund was rejected."""
        await self._send(self.payment_emails.send_refund_rejected, notice, Purpose.REFUND)

    async def _send(
        self, send: Callable[[str, PaymentNotice], Awaitable[None]], notice: PaymentNotice, purpose: Purpose
    ) -> None:
        account = await self.accounts.get_active(notice.account_id)
        if account is not None:
            used = Purpose.CREDIT if notice.is_credit else purpose
            await send(await self.accounts.open_email(account, used), notice)

"""E-mails about the security of an account."""

from datetime import datetime

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.emails.messages import build_message
from shared.mail import EmailMessage, MailQueue
from shared.policy import Purpose

_EVENT_TEMPLATES = {
    SecurityEventKind.PASSWORD_CHANGED: "password_changed",
    SecurityEventKind.PASSWORD_RESET: "password_reset_completed",
    SecurityEventKind.TOTP_ADDED: "totp_added",
    SecurityEventKind.TOTP_REMOVED: "totp_removed",
    SecurityEventKind.PASSKEY_ADDED: "passkey_added",
    SecurityEventKind.PASSKEY_REMOVED: "passkey_removed",
    SecurityEventKind.RECOVERY_CODES_REPLACED: "recovery_codes_replaced",
    SecurityEventKind.EMAIL_CHANGE_REVERTED: "email_change_reverted",
    SecurityEventKind.ERASURE_CANCELLED: "erasure_cancelled",
}
"""The events that the owner is notified of at once; the others stand in the security log only."""


class SecurityEmails:
    """Queues e-mails in the ambient transaction, so that one is sent if and only if its cause is stored.

    Links start with the public URL of the settings, never with the host of a request (I-07).
    """

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_password_reset(self, account_id: str, email: str, token: str) -> None:
        """Send the link that sets a forgotten password."""
        await self._enqueue(account_id, build_message("password_reset", email, url=self._url, token=token))

    async def send_security_event(self, account_id: str, email: str, kind: SecurityEventKind, *, at: datetime) -> None:
        """Tell the owner what happened to the account; KeyError for an event without an e-mail."""
        await self._enqueue(account_id, build_message(_EVENT_TEMPLATES[kind], email, url=self._url, at=at))

    async def send_confirm_email(self, account_id: str, email: str, token: str) -> None:
        """Send the link that confirms a new address."""
        await self._enqueue(account_id, build_message("email_change", email, url=self._url, token=token))

    async def send_email_in_use(self, account_id: str, email: str) -> None:
        """Tell the owner of an address that another account tried to change to it."""
        await self._enqueue(account_id, build_message("email_in_use", email))

    async def send_email_changed(self, account_id: str, email: str, token: str, *, expires_at: datetime) -> None:
        """Send the link that reverts the change to the old address."""
        message = build_message("email_changed", email, url=self._url, token=token, expires_at=expires_at)
        await self._enqueue(account_id, message)

    async def send_erasure_scheduled(self, account_id: str, email: str, token: str, *, due_at: datetime) -> None:
        """Tell the owner when the account is erased, with the link that cancels it."""
        message = build_message("erasure_scheduled", email, url=self._url, token=token, due_at=due_at)
        await self._enqueue(account_id, message)

    async def _enqueue(self, account_id: str, message: EmailMessage) -> None:
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

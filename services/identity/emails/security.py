"""What identity writes to people about their account's security; queued in the transaction that causes it."""

from datetime import datetime

from services.identity.domain.authentication.security import SecurityEventKind
from shared.mail import EmailAddress, EmailMessage, MailQueue
from shared.policy import Purpose

_PHISHING_WARNING = "Nobody of us will ever ask you for your password."

_PASSWORD_RESET = """Somebody, we hope you, has forgotten the password of your account.

To choose a new one, open this page; the link works once, for 30 minutes, and ends every session:

{url}/account/reset-password?token={token}

If it was not you, do nothing: your password stays as it is.
"""

_EVENT_TEXTS = {
    SecurityEventKind.PASSWORD_CHANGED: "The password of your account was changed, and your other sessions were ended.",
    SecurityEventKind.PASSWORD_RESET: "The password of your account was set anew through a link in a mail to this address. "
    "All your sessions were ended.",
    SecurityEventKind.TOTP_ADDED: "An app for one-time codes was added to your account.",
    SecurityEventKind.TOTP_REMOVED: "The app for one-time codes was removed from your account.",
    SecurityEventKind.PASSKEY_ADDED: "A passkey was added to your account.",
    SecurityEventKind.PASSKEY_REMOVED: "A passkey was removed from your account.",
    SecurityEventKind.RECOVERY_CODES_REPLACED: "New recovery codes were made for your account; the earlier ones are void.",
    SecurityEventKind.EMAIL_CHANGE_REVERTED: "Your account is back at this address. All sessions and app passwords were ended: "
    "choose a new password now.",
    SecurityEventKind.ERASURE_CANCELLED: "Your account will not be erased: the wish was taken back.",
}

_NOT_YOU_HINT = """
It happened on {at:%d %B %Y at %H:%M} UTC. If it was not you, choose a new password here, at once:

{url}/account/forgot-password
"""

_CONFIRM_EMAIL = """The owner of an account wants to be written to at this address from now on.

If that is you, open this page and press the button; the link works once, for 30 minutes:

{url}/account/confirm-email?token={token}

If it was not you, do nothing.
"""

_EMAIL_IN_USE = """Somebody, we hope you, wants to move an account to this address. It has an account already, so nothing
was changed. If it was not you, do nothing; whoever asked has learnt nothing about you.
"""

_EMAIL_CHANGED = """Your account was moved to another address. From now on we write to you there.

If it was not you, undo it here, until {until:%d %B %Y}; that also ends all sessions and app passwords:

{url}/account/revert-email?token={token}
"""

_ERASURE_SCHEDULED = """You asked us to erase your account and everything that we hold about you. You are logged out everywhere
now, and on {due:%d %B %Y at %H:%M} UTC we begin. Until then you can take it back, here or by logging in:

{url}/account/cancel-erasure?token={token}
"""


class SecurityEmails:
    """Queues the notices; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_password_reset(self, account_id: str, email: str, token: str) -> None:
        """Send the link that sets a forgotten password."""
        text = _PASSWORD_RESET.format(url=self._url, token=token)
        await self._enqueue("password_reset", account_id, email, "Choose a new password", text)

    async def send_security_event(self, account_id: str, email: str, kind: SecurityEventKind, *, at: datetime) -> None:
        """Tell the owner what has happened to the account."""
        text = _EVENT_TEXTS[kind] + "\n" + _NOT_YOU_HINT.format(url=self._url, at=at)
        await self._enqueue(kind.value, account_id, email, "Your account was changed", text)

    async def send_confirm_email(self, account_id: str, email: str, token: str) -> None:
        """Ask for the proof of a new address."""
        text = _CONFIRM_EMAIL.format(url=self._url, token=token)
        await self._enqueue("email_change", account_id, email, "Confirm your new address", text)

    async def send_email_in_use(self, account_id: str, email: str) -> None:
        """Tell the owner of an address that somebody else wants to move there."""
        await self._enqueue("email_in_use", account_id, email, "Your address was asked for", _EMAIL_IN_USE)

    async def send_email_changed(self, account_id: str, email: str, token: str, *, expires_at: datetime) -> None:
        """Tell the old address where it can undo the change."""
        text = _EMAIL_CHANGED.format(url=self._url, token=token, until=expires_at)
        await self._enqueue("email_changed", account_id, email, "Your account was moved", text)

    async def send_erasure_scheduled(self, account_id: str, email: str, token: str, *, due_at: datetime) -> None:
        """Tell the owner when the account is erased, and how to take that back."""
        text = _ERASURE_SCHEDULED.format(url=self._url, token=token, due=due_at)
        await self._enqueue("erasure_scheduled", account_id, email, "Your account will be erased", text)

    async def _enqueue(self, kind: str, account_id: str, email: str, *said: str) -> None:
        subject, text = said
        message = EmailMessage(
            kind=f"identity.{kind}", to=EmailAddress(email), subject=subject, text=f"{text}\n{_PHISHING_WARNING}\n"
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

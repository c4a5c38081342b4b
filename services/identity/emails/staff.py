"""What identity writes to people whose account staff, or a report, has changed. None asks for a password."""

from datetime import datetime

from services.identity.domain.staff.abuse_reports import LOCK_TOKEN_LIFETIME
from shared.mail import EmailAddress, EmailMessage, MailQueue
from shared.policy import Purpose

_PASSWORD_CANCELLED = """You asked our customer service to cancel the password of your account. It is cancelled: you are
logged out everywhere, and the passwords of your apps are revoked. Passkeys and apps for one-time codes stay with the
account, but nothing opens it until there is a new password.

To choose a new password, name your address here and open the link that we mail you:

{url}/account/forgot-password

Then look through your passkeys, and remove those that you do not know. If it was not you who asked, do the same now,
and write to us. Nobody of us will ever ask you for your password,
and nobody of us can see or set it.
"""

_ACCOUNT_FROZEN = """Your account is frozen: nobody can log in to it, you are logged out everywhere, and the passwords of
your apps are revoked. Nothing of yours is lost.

{why}

To have it opened again, write to customer service:

{url}/account/report

Nobody of us will ever ask you for your password.
"""
_FROZEN_BY_STAFF = "We did this to protect it. The reason on record: {reason}"
_FROZEN_BY_OWNER = (
    "You, or somebody who reads your mail, asked for it when reporting that somebody else uses your account."
)

_ACCOUNT_UNFROZEN = """Your account is open again. Log in with your password, and make new passwords for your apps:

{url}/account/log-in

If you are not sure that nobody else knows your password, choose a new one: {url}/account/forgot-password
"""

_LOCK_LINK = """Somebody, we hope you, reported that somebody else uses your account.

To lock it at once, open this page and press the button; the link works once, for {hours} hours:

{url}/account/lock?token={token}

Locked means: nobody can log in, all sessions end, all passwords of apps are revoked, nothing is lost. Customer
service opens it again with you. If it was not you who reported, do nothing.
"""

_CHILD_PURGED = """We were told that the account at this address belongs to somebody under 13, and we collect nothing
from children. It is closed, and everything that we hold is being erased now. Each part of our service gives a
receipt, here:

{url}/account/erasures/{erasure_id}

If that is a mistake, you can open a new account with this address; customer service helps.
"""

_REPORT_ANSWERED = """We have answered your report {report_id}. Read the answer here:

{url}/account/reports/{report_id}

Nobody of us will ever ask you for your password.
"""

_INSPECTION_ENDED = """An inspection of your files has ended, on {at:%d %B %Y at %H:%M} UTC. In rare cases our staff looks at
the names of files, and at what apps note about their own synchronisation, to find out why something does not work.
What is inside your files stays sealed: our staff cannot open it.

Our staff has looked {looks}. Each look stands in your account, with its time, who looked and at what:

{url}/account/access-ledger

It had a reason, and a second person agreed to it. To ask for them, name the inspection: {inspection_id}
"""
_ACCESS_COUNT_TEXTS = {0: "at nothing", 1: "once"}


class StaffEmails:
    """Queues the letters; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_password_cancelled(self, account_id: str, email: str) -> None:
        """Tell the owner how to set a new password."""
        message = _build_email(
            "password_cancelled", email, "Your password is cancelled", _PASSWORD_CANCELLED.format(url=self._url)
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_account_frozen(self, account_id: str, email: str, *, reason: str | None) -> None:
        """Tell the owner that the account is frozen: by staff for a *reason*, or as the owner wished."""
        why = _FROZEN_BY_OWNER if reason is None else _FROZEN_BY_STAFF.format(reason=reason)
        message = _build_email(
            "account_frozen", email, "Your account is frozen", _ACCOUNT_FROZEN.format(why=why, url=self._url)
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_account_unfrozen(self, account_id: str, email: str) -> None:
        """Tell the owner that the account is open again."""
        message = _build_email(
            "account_unfrozen", email, "Your account is open again", _ACCOUNT_UNFROZEN.format(url=self._url)
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_lock_link(self, account_id: str, email: str, token: str) -> None:
        """Send the link that locks the account."""
        hours = int(LOCK_TOKEN_LIFETIME.total_seconds() // 3600)
        message = _build_email(
            "lock_link", email, "Lock your account?", _LOCK_LINK.format(url=self._url, token=token, hours=hours)
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_child_purged(self, erasure_id: str, email: str) -> None:
        """Tell the address that the account is closed; sealed under a key of its own."""
        text = _CHILD_PURGED.format(url=self._url, erasure_id=erasure_id)
        message = _build_email("child_purged", email, "We have closed this account", text)
        await self._queue.enqueue(message, purpose=Purpose.ERASURE)

    async def send_inspection_ended(
        self, account_id: str, email: str, inspection_id: str, *, access_count: int, ended_at: datetime
    ) -> None:
        """Tell the owner how often staff has looked into the tree (C12)."""
        count_text = _ACCESS_COUNT_TEXTS.get(access_count, f"{access_count} times")
        text = _INSPECTION_ENDED.format(url=self._url, inspection_id=inspection_id, at=ended_at, looks=count_text)
        message = _build_email("inspection_ended", email, "An inspection of your files has ended", text)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_report_answered(self, account_id: str, email: str, report_id: str) -> None:
        """Tell the owner that a report was answered; the answer itself is not mailed."""
        text = _REPORT_ANSWERED.format(url=self._url, report_id=report_id)
        message = _build_email("report_answered", email, "We have answered your report", text)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SUPPORT)


def _build_email(kind: str, email: str, subject: str, text: str) -> EmailMessage:
    return EmailMessage(kind=f"identity.{kind}", to=EmailAddress(email), subject=subject, text=text)

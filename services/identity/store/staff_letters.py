"""What identity writes to people whose account staff, or a report, has changed. None asks for a password."""

from datetime import datetime

from services.identity.domain.reports import LOCK_LINK_LIFETIME
from shared.mail import Address, Letter, Post
from shared.policy import Purpose

_CANCELLED = """You asked our customer service to cancel the password of your account. It is cancelled: you are
logged out everywhere, and the passwords of your apps are revoked. Passkeys and apps for one-time codes stay with the
account, but nothing opens it until there is a new password.

To choose a new password, name your address here and open the link that we mail you:

{url}/account/forgot-password

Then look through your passkeys, and remove those that you do not know. If it was not you who asked, do the same now,
and write to us. Nobody of us will ever ask you for your password,
and nobody of us can see or set it.
"""

_FROZEN = """Your account is frozen: nobody can log in to it, you are logged out everywhere, and the passwords of
your apps are revoked. Nothing of yours is lost.

{why}

To have it opened again, write to customer service:

{url}/account/report

Nobody of us will ever ask you for your password.
"""
_BY_STAFF = "We did this to protect it. The reason on record: {reason}"
_BY_OWNER = "You, or somebody who reads your mail, asked for it when reporting that somebody else uses your account."

_UNFROZEN = """Your account is open again. Log in with your password, and make new passwords for your apps:

{url}/account/log-in

If you are not sure that nobody else knows your password, choose a new one: {url}/account/forgot-password
"""

_LOCK = """Somebody, we hope you, reported that somebody else uses your account.

To lock it at once, open this page and press the button; the link works once, for {hours} hours:

{url}/account/lock?token={token}

Locked means: nobody can log in, all sessions end, all passwords of apps are revoked, nothing is lost. Customer
service opens it again with you. If it was not you who reported, do nothing.
"""

_PURGED = """We were told that the account at this address belongs to somebody under 13, and we collect nothing
from children. It is closed, and everything that we hold is being erased now. Each part of our service gives a
receipt, here:

{url}/account/erasures/{erasure_id}

If that is a mistake, you can open a new account with this address; customer service helps.
"""

_ANSWERED = """We have answered your report {report_id}. Read the answer here:

{url}/account/reports/{report_id}

Nobody of us will ever ask you for your password.
"""

_INSPECTED = """An inspection of your files has ended, on {at:%d %B %Y at %H:%M} UTC. In rare cases our staff looks at
the names of files, and at what apps note about their own synchronisation, to find out why something does not work.
What is inside your files stays sealed: our staff cannot open it.

Our staff has looked {looks}. Each look stands in your account, with its time, who looked and at what:

{url}/account/seen

It had a reason, and a second person agreed to it. To ask for them, name the inspection: {inspection_id}
"""
_TIMES = {0: "at nothing", 1: "once"}


class StaffLetters:
    """Queues the letters; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, post: Post, public_url: str) -> None:
        self._post = post
        self._url = public_url

    async def password_cancelled(self, account_id: str, address: str) -> None:
        """Tell the owner how to set a new password."""
        letter = _letter("password_cancelled", address, "Your password is cancelled", _CANCELLED.format(url=self._url))
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

    async def frozen(self, account_id: str, address: str, *, reason: str | None) -> None:
        """Tell the owner that the account is frozen: by staff for a *reason*, or as the owner wished."""
        why = _BY_OWNER if reason is None else _BY_STAFF.format(reason=reason)
        letter = _letter("frozen", address, "Your account is frozen", _FROZEN.format(why=why, url=self._url))
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

    async def unfrozen(self, account_id: str, address: str) -> None:
        """Tell the owner that the account is open again."""
        letter = _letter("unfrozen", address, "Your account is open again", _UNFROZEN.format(url=self._url))
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

    async def lock(self, account_id: str, address: str, token: str) -> None:
        """Send the link that locks the account."""
        hours = int(LOCK_LINK_LIFETIME.total_seconds() // 3600)
        letter = _letter(
            "lock_link", address, "Lock your account?", _LOCK.format(url=self._url, token=token, hours=hours)
        )
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

    async def purged(self, erasure_id: str, address: str) -> None:
        """Tell the address that the account is closed; sealed under a key of its own."""
        text = _PURGED.format(url=self._url, erasure_id=erasure_id)
        letter = _letter("child_purged", address, "We have closed this account", text)
        await self._post.put(letter, purpose=Purpose.ERASURE)

    async def inspected(
        self, account_id: str, address: str, inspection_id: str, *, looks: int, ended_at: datetime
    ) -> None:
        """Tell the owner how often staff has looked into the tree (C12)."""
        told = _TIMES.get(looks, f"{looks} times")
        text = _INSPECTED.format(url=self._url, inspection_id=inspection_id, at=ended_at, looks=told)
        letter = _letter("inspected", address, "An inspection of your files has ended", text)
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

    async def report_answered(self, account_id: str, address: str, report_id: str) -> None:
        """Tell the owner that a report was answered; the answer itself is not mailed."""
        text = _ANSWERED.format(url=self._url, report_id=report_id)
        letter = _letter("report_answered", address, "We have answered your report", text)
        await self._post.put(letter, subject=account_id, purpose=Purpose.SUPPORT)


def _letter(kind: str, address: str, subject: str, text: str) -> Letter:
    return Letter(kind=f"identity.{kind}", to=Address(address), subject=subject, text=text)

"""What identity writes to people; each letter is queued in the transaction that causes it. None asks for a password."""

from collections.abc import Sequence
from datetime import datetime

from services.identity.domain.privacy_requests.lifecycle import RetainedItem
from shared.mail import EmailAddress, EmailMessage, MailQueue
from shared.policy import Purpose

_VERIFY = """Somebody, we hope you, asked for an account with this address.

To confirm that it is yours, open this page and press the button; the link works once, for 30 minutes:

{url}/account/verify?token={token}

If it was not you, do nothing: without your confirmation there is no account, and we forget the address.
Nobody of us will ever ask you for your password.
"""

_ALREADY_REGISTERED = """Somebody, we hope you, asked for an account with this address. You already have one: log in here.

{url}/account/log-in

If it was not you, do nothing; whoever asked has learnt nothing about you.
Nobody of us will ever ask you for your password.
"""

_EXPORT_READY = """The archive of everything that we hold about you is ready. Log in to download it, until {until:%d %B %Y}:

{url}/account/export

If you did not ask for it, log in and end your other sessions.
"""

_ERASURE_STARTED = """You asked us to erase your account and everything that we hold about you. We have begun: you are
logged out everywhere, and it will be done by {deadline:%d %B %Y} at the latest. Each part of our service
gives a receipt, here:

{url}/account/erasures/{erasure_id}

{kept}You can open a new account with this address at any time.
"""

_RETAINED_ITEMS = """Something must be kept for now. It is used for nothing else, and erased as soon as it may be:

{items}

"""


class AccountEmails:
    """Queues the letters; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_verification(self, sign_up_id: str, email: str, token: str) -> None:
        """Ask for the proof of an address."""
        text = _VERIFY.format(url=self._url, token=token)
        message = EmailMessage(
            kind="identity.verification", to=EmailAddress(email), subject="Confirm your address", text=text
        )
        await self._queue.enqueue(message, subject=sign_up_id, purpose=Purpose.ACCOUNT)

    async def send_already_registered(self, sign_up_id: str, email: str) -> None:
        """Tell the owner of an account that somebody wanted to sign up; sealed as its twin: it takes as long."""
        text = _ALREADY_REGISTERED.format(url=self._url)
        message = EmailMessage(
            kind="identity.already_registered", to=EmailAddress(email), subject="You already have an account", text=text
        )
        await self._queue.enqueue(message, subject=sign_up_id, purpose=Purpose.SECURITY)

    async def send_export_ready(self, account_id: str, email: str, *, expires_at: datetime) -> None:
        """Tell the owner that the archive can be downloaded."""
        text = _EXPORT_READY.format(url=self._url, until=expires_at)
        message = EmailMessage(
            kind="identity.export_ready", to=EmailAddress(email), subject="Your archive is ready", text=text
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.EXPORT)

    async def send_erasure_started(
        self, erasure_id: str, email: str, *, deadline: datetime, retained_items: Sequence[RetainedItem] = ()
    ) -> None:
        """Tell the owner that the erasure has begun; sealed under a key of its own, as the account's is destroyed."""
        items = "\n".join(f"- {one.description}, until {one.until:%d %B %Y}: {one.reason}" for one in retained_items)
        text = _ERASURE_STARTED.format(
            url=self._url,
            erasure_id=erasure_id,
            deadline=deadline,
            kept=_RETAINED_ITEMS.format(items=items) if retained_items else "",
        )
        message = EmailMessage(
            kind="identity.erasure_started", to=EmailAddress(email), subject="We are erasing your account", text=text
        )
        await self._queue.enqueue(message, purpose=Purpose.ERASURE)

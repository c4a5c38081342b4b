"""What identity writes to people; each letter is queued in the transaction that causes it. None asks for a password."""

from collections.abc import Sequence
from datetime import datetime

from services.identity.domain.requests import Kept
from shared.mail import Address, Letter, Post
from shared.policy import Purpose

_VERIFY = """Somebody, we hope you, asked for an account with this address.

To confirm that it is yours, open this page and press the button; the link works once, for 30 minutes:

{url}/account/verify?token={token}

If it was not you, do nothing: without your confirmation there is no account, and we forget the address.
Nobody of us will ever ask you for your password.
"""

_KNOWN = """Somebody, we hope you, asked for an account with this address. You already have one: log in here.

{url}/account/log-in

If it was not you, do nothing; whoever asked has learnt nothing about you.
Nobody of us will ever ask you for your password.
"""

_EXPORTED = """The archive of everything that we hold about you is ready. Log in to download it, until {until:%d %B %Y}:

{url}/account/export

If you did not ask for it, log in and end your other sessions.
"""

_ERASING = """You asked us to erase your account and everything that we hold about you. We have begun: you are
logged out everywhere, and it will be done by {deadline:%d %B %Y} at the latest. Each part of our service
gives a receipt, here:

{url}/account/erasures/{erasure_id}

{kept}You can open a new account with this address at any time.
"""

_KEPT = """Something must be kept for now. It is used for nothing else, and erased as soon as it may be:

{items}

"""


class Letters:
    """Queues the letters; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, post: Post, public_url: str) -> None:
        self._post = post
        self._url = public_url

    async def verification(self, sign_up_id: str, address: str, token: str) -> None:
        """Ask for the proof of an address."""
        text = _VERIFY.format(url=self._url, token=token)
        letter = Letter(kind="identity.verification", to=Address(address), subject="Confirm your address", text=text)
        await self._post.put(letter, subject=sign_up_id, purpose=Purpose.ACCOUNT)

    async def already_registered(self, sign_up_id: str, address: str) -> None:
        """Tell the owner of an account that somebody wanted to sign up; sealed as its twin: it takes as long."""
        text = _KNOWN.format(url=self._url)
        letter = Letter(
            kind="identity.already_registered", to=Address(address), subject="You already have an account", text=text
        )
        await self._post.put(letter, subject=sign_up_id, purpose=Purpose.SECURITY)

    async def export_ready(self, account_id: str, address: str, *, until: datetime) -> None:
        """Tell the owner that the archive can be downloaded."""
        text = _EXPORTED.format(url=self._url, until=until)
        letter = Letter(kind="identity.export_ready", to=Address(address), subject="Your archive is ready", text=text)
        await self._post.put(letter, subject=account_id, purpose=Purpose.EXPORT)

    async def erasure_begun(
        self, erasure_id: str, address: str, *, deadline: datetime, kept: Sequence[Kept] = ()
    ) -> None:
        """Tell the owner that the erasure has begun; sealed under a key of its own, as the account's is destroyed."""
        items = "\n".join(f"- {one.what}, until {one.until:%d %B %Y}: {one.why}" for one in kept)
        text = _ERASING.format(
            url=self._url,
            erasure_id=erasure_id,
            deadline=deadline,
            kept=_KEPT.format(items=items) if kept else "",
        )
        letter = Letter(
            kind="identity.erasure_begun", to=Address(address), subject="We are erasing your account", text=text
        )
        await self._post.put(letter, purpose=Purpose.ERASURE)

"""What identity writes to people about their account's security; queued in the transaction that causes it."""

from datetime import datetime

from services.identity.domain.security import EventKind
from shared.mail import Address, Letter, Post
from shared.policy import Purpose

_NEVER = "Nobody of us will ever ask you for your password."

_RESET = """Somebody, we hope you, has forgotten the password of your account.

To choose a new one, open this page; the link works once, for 30 minutes, and ends every session:

{url}/account/reset-password?token={token}

If it was not you, do nothing: your password stays as it is.
"""

_CHANGED = {
    EventKind.PASSWORD_CHANGED: "The password of your account was changed, and your other sessions were ended.",
    EventKind.PASSWORD_RESET: "The password of your account was set anew through a link in a mail to this address. "
    "All your sessions were ended.",
    EventKind.TOTP_ADDED: "An app for one-time codes was added to your account.",
    EventKind.TOTP_REMOVED: "The app for one-time codes was removed from your account.",
    EventKind.PASSKEY_ADDED: "A passkey was added to your account.",
    EventKind.PASSKEY_REMOVED: "A passkey was removed from your account.",
    EventKind.RECOVERY_CODES_MADE: "New recovery codes were made for your account; the earlier ones are void.",
    EventKind.ADDRESS_CHANGE_UNDONE: "Your account is back at this address. All sessions and app passwords were ended: "
    "choose a new password now.",
    EventKind.ERASURE_CANCELLED: "Your account will not be erased: the wish was taken back.",
}

_NOT_YOU = """
It happened on {at:%d %B %Y at %H:%M} UTC. If it was not you, choose a new password here, at once:

{url}/account/forgot-password
"""

_PROVE = """The owner of an account wants to be written to at this address from now on.

If that is you, open this page and press the button; the link works once, for 30 minutes:

{url}/account/confirm-address?token={token}

If it was not you, do nothing.
"""

_IN_USE = """Somebody, we hope you, wants to move an account to this address. It has an account already, so nothing
was changed. If it was not you, do nothing; whoever asked has learnt nothing about you.
"""

_MOVED = """Your account was moved to another address. From now on we write to you there.

If it was not you, undo it here, until {until:%d %B %Y}; that also ends all sessions and app passwords:

{url}/account/undo-address?token={token}
"""

_FAREWELL = """You asked us to erase your account and everything that we hold about you. You are logged out everywhere
now, and on {due:%d %B %Y at %H:%M} UTC we begin. Until then you can take it back, here or by logging in:

{url}/account/keep?token={token}
"""


class Notices:
    """Queues the notices; links are made from the public address of the settings, never from a request (I-07)."""

    def __init__(self, post: Post, public_url: str) -> None:
        self._post = post
        self._url = public_url

    async def reset(self, account_id: str, address: str, token: str) -> None:
        """Send the link that sets a forgotten password."""
        text = _RESET.format(url=self._url, token=token)
        await self._put("password_reset", account_id, address, "Choose a new password", text)

    async def changed(self, account_id: str, address: str, kind: EventKind, *, at: datetime) -> None:
        """Tell the owner what has happened to the account."""
        text = _CHANGED[kind] + "\n" + _NOT_YOU.format(url=self._url, at=at)
        await self._put(kind.value, account_id, address, "Your account was changed", text)

    async def prove(self, account_id: str, address: str, token: str) -> None:
        """Ask for the proof of a new address."""
        text = _PROVE.format(url=self._url, token=token)
        await self._put("address_change", account_id, address, "Confirm your new address", text)

    async def in_use(self, account_id: str, address: str) -> None:
        """Tell the owner of an address that somebody else wants to move there."""
        await self._put("address_in_use", account_id, address, "Your address was asked for", _IN_USE)

    async def moved(self, account_id: str, address: str, token: str, *, until: datetime) -> None:
        """Tell the old address where it can undo the change."""
        text = _MOVED.format(url=self._url, token=token, until=until)
        await self._put("address_changed", account_id, address, "Your account was moved", text)

    async def farewell(self, account_id: str, address: str, token: str, *, due: datetime) -> None:
        """Tell the owner when the account is erased, and how to take that back."""
        text = _FAREWELL.format(url=self._url, token=token, due=due)
        await self._put("erasure_scheduled", account_id, address, "Your account will be erased", text)

    async def _put(self, kind: str, account_id: str, address: str, *said: str) -> None:
        subject, text = said
        letter = Letter(kind=f"identity.{kind}", to=Address(address), subject=subject, text=f"{text}\n{_NEVER}\n")
        await self._post.put(letter, subject=account_id, purpose=Purpose.SECURITY)

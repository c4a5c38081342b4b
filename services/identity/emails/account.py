"""E-mails about sign-up, exports and erasure."""

from collections.abc import Sequence
from datetime import datetime

from services.identity.domain.privacy_requests.lifecycle import RetainedItem
from services.identity.emails.messages import build_message
from shared.mail import MailQueue
from shared.policy import Purpose


class AccountEmails:
    """Queues e-mails in the ambient transaction, so that one is sent if and only if its cause is stored.

    Links start with the public URL of the settings, never with the host of a request (I-07).
    """

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_verification(self, sign_up_id: str, email: str, token: str) -> None:
        """Send the link that verifies the address of a sign-up."""
        message = build_message("verification", email, url=self._url, token=token)
        await self._queue.enqueue(message, subject=sign_up_id, purpose=Purpose.ACCOUNT)

    async def send_already_registered(self, sign_up_id: str, email: str) -> None:
        """Tell the owner of an account about a sign-up with their address."""
        # Sealed under a new key like the verification: the two paths must take equally long (I-15).
        message = build_message("already_registered", email, url=self._url)
        await self._queue.enqueue(message, subject=sign_up_id, purpose=Purpose.SECURITY)

    async def send_export_ready(self, account_id: str, email: str, *, expires_at: datetime) -> None:
        """Tell the owner that the archive can be downloaded."""
        message = build_message("export_ready", email, url=self._url, expires_at=expires_at)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.EXPORT)

    async def send_export_link(self, account_id: str, email: str, token: str, *, expires_at: datetime) -> None:
        """Send the link to the archive to an owner who cannot log in."""
        message = build_message("export_link", email, url=self._url, token=token, expires_at=expires_at)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.EXPORT)

    async def send_erasure_started(
        self, erasure_id: str, email: str, *, deadline: datetime, retained_items: Sequence[RetainedItem] = ()
    ) -> None:
        """Tell the owner that the erasure has started; every retained item has an end."""
        message = build_message(
            "erasure_started",
            email,
            url=self._url,
            erasure_id=erasure_id,
            deadline=deadline,
            retained_items=retained_items,
        )
        # Without a subject it gets a key of its own: the account's key is destroyed, perhaps before the relay takes it.
        await self._queue.enqueue(message, purpose=Purpose.ERASURE)

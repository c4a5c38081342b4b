"""E-mails about what staff, or a report, has changed on an account."""

from datetime import datetime

from services.identity.domain.staff.abuse_reports import LOCK_TOKEN_LIFETIME
from services.identity.domain.staff.admin_actions import AdminActionKind
from services.identity.emails.messages import build_message
from shared.mail import MailQueue
from shared.policy import Purpose


class StaffEmails:
    """Queues e-mails in the ambient transaction, so that one is sent if and only if its cause is stored.

    Links start with the public URL of the settings, never with the host of a request (I-07).
    """

    def __init__(self, queue: MailQueue, public_url: str) -> None:
        self._queue = queue
        self._url = public_url

    async def send_password_cancelled(self, account_id: str, email: str) -> None:
        """Tell the owner how to set a new password."""
        message = build_message("password_cancelled", email, url=self._url)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_action_announced(
        self, account_id: str, email: str, token: str, *, kind: AdminActionKind, takes_effect_at: datetime
    ) -> None:
        """Tell an address of the account what customer service will do, with the link to object."""
        message = build_message(
            "action_announced", email, url=self._url, token=token, action=kind.value, takes_effect_at=takes_effect_at
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_action_objected(self, account_id: str, email: str) -> None:
        """Tell an address of the account that the action will not take place."""
        message = build_message("action_objected", email, url=self._url)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_second_factors_removed(self, account_id: str, email: str, *, cancels_password: bool) -> None:
        """Tell the owner how to log in without the second factors."""
        message = build_message("second_factors_removed", email, url=self._url, cancels_password=cancels_password)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_account_frozen(self, account_id: str, email: str, *, reason: str | None) -> None:
        """Tell the owner that the account is frozen: by staff for a *reason*, without one at the owner's request."""
        message = build_message("account_frozen", email, url=self._url, reason=reason)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_account_unfrozen(self, account_id: str, email: str) -> None:
        """Tell the owner that the account is open again."""
        message = build_message("account_unfrozen", email, url=self._url)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_lock_link(self, account_id: str, email: str, token: str) -> None:
        """Send the link that locks the account."""
        hours = int(LOCK_TOKEN_LIFETIME.total_seconds() // 3600)
        message = build_message("lock_link", email, url=self._url, token=token, hours=hours)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_child_purged(self, erasure_id: str, email: str) -> None:
        """Tell the address that the account is closed."""
        message = build_message("child_purged", email, url=self._url, erasure_id=erasure_id)
        # Without a subject it gets a key of its own: the account's key is destroyed, perhaps before the relay takes it.
        await self._queue.enqueue(message, purpose=Purpose.ERASURE)

    async def send_inspection_ended(
        self, account_id: str, email: str, inspection_id: str, *, access_count: int, ended_at: datetime
    ) -> None:
        """Tell the owner how often staff accessed the file tree (C12)."""
        message = build_message(
            "inspection_ended",
            email,
            url=self._url,
            inspection_id=inspection_id,
            access_count=access_count,
            ended_at=ended_at,
        )
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SECURITY)

    async def send_question_answered(self, subject_id: str, email: str, question_id: str, answer: str) -> None:
        """Send the answer to a question to its author."""
        message = build_message("question_answered", email, question_id=question_id, answer=answer)
        await self._queue.enqueue(message, subject=subject_id, purpose=Purpose.SUPPORT)

    async def send_report_answered(self, account_id: str, email: str, report_id: str) -> None:
        """Tell the owner that a report was answered; the answer itself is not e-mailed."""
        message = build_message("report_answered", email, url=self._url, report_id=report_id)
        await self._queue.enqueue(message, subject=account_id, purpose=Purpose.SUPPORT)

"""The mail queue: an email is stored encrypted in the transaction that causes it; its final status is reported once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from shared.clock import Clock
from shared.crypto import PurposeDeniedError, Vault, build_associated_data
from shared.ids import new_id
from shared.mail.log import DeliveryStatus, MailLog, SentMail
from shared.mail.message import EmailMessage
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, personal_fields, retain_for
from shared.policy.purposes import Purpose

_MAX_QUEUE_LIFETIME = timedelta(days=30)
_MAIL_PURPOSES = {
    Purpose.ACCOUNT,
    Purpose.SECURITY,
    Purpose.CRITICAL_NOTICE,
    Purpose.LEGAL_DISCLOSURE,
    Purpose.SUPPORT,
    Purpose.NEWSLETTER,
    Purpose.BILLING,
    Purpose.BILLING_QUESTION,
    Purpose.REFUND,
    Purpose.CREDIT,
    Purpose.EXPORT,
    Purpose.ERASURE,
    Purpose.PUBLICATION,
}


class QueuedMailDocument(Document):
    """A queued email; its content and address are encrypted."""

    collection: ClassVar[str] = "mail_queue"
    indexes: ClassVar[tuple[Index, ...]] = (Index("bulk", "due_at"), Index("owner"))
    subject: ClassVar[str | None] = "owner"

    kind: str
    owner: Annotated[str, Personal(Category.PSEUDONYM, _MAIL_PURPOSES, retain_for(40))]
    """The account whose key encrypts the email; the id of the email where there is no account."""
    address_index: Annotated[str, Personal(Category.PSEUDONYM, _MAIL_PURPOSES, retain_for(40))] = ""
    """The keyed hash of the address, for the mail log."""
    sealed: Annotated[bytes, Personal(Category.CONTACT, _MAIL_PURPOSES, retain_for(40))]
    purpose: Purpose
    bulk: bool
    attempts: int = 0
    created_at: datetime
    due_at: datetime
    """The time of the next attempt; a claim sets it to the expiry of the claim."""
    expires_at: datetime


BeforeSend = Callable[[QueuedMailDocument], Awaitable[bool]]
OnCompleted = Callable[[str, DeliveryStatus], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _MailHooks:
    before_send: BeforeSend | None = None
    on_completed: OnCompleted | None = None


class MailQueue:
    """The queued emails of one service, from enqueueing to the final status."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._rows = db.get_collection(QueuedMailDocument)
        self._log = MailLog(db, vault)
        self._hooks: dict[str, _MailHooks] = {}
        self.has_messages = asyncio.Event()
        """Set when an email is committed, so that the sender of this process need not wait for its next poll."""

    def on(self, kind: str, *, before_send: BeforeSend | None = None, on_completed: OnCompleted | None = None) -> None:
        """Register the hooks for emails of *kind*, while the service is being composed.

        *before_send* runs immediately before sending: False suppresses the email.
        *on_completed* runs once per email, in the transaction that records the final status.
        """
        self._hooks[kind] = _MailHooks(before_send=before_send, on_completed=on_completed)

    async def enqueue(
        self, email: EmailMessage, *, subject: str = "", purpose: Purpose, expires_after: timedelta = timedelta(days=5)
    ) -> str:
        """Queue *email* in the ambient transaction and return its id.

        It is encrypted under the key of the account *subject*, so an erasure also erases queued emails. Without a
        subject it gets its own key, which is destroyed with its final status.
        """
        row = await self._build_document(email, subject, purpose, expires_after)
        await self._rows.insert_one(row)
        self._db.after_commit(self.has_messages.set)
        return row.id

    async def enqueue_many(
        self,
        emails: Sequence[tuple[str, EmailMessage]],
        *,
        purpose: Purpose,
        expires_after: timedelta = timedelta(days=5),
    ) -> list[str]:
        """Queue several pairs of subject and email with one write; return the ids in order."""
        rows = [await self._build_document(email, subject, purpose, expires_after) for subject, email in emails]
        await self._rows.insert_many(rows)
        self._db.after_commit(self.has_messages.set)
        return [row.id for row in rows]

    async def list_due(self, limit: int) -> list[QueuedMailDocument]:
        """Return the emails that are due: transactional ones before newsletters, the oldest first."""
        return await self._rows.list({"due_at": {"$lte": self._clock()}}, sort=("bulk", "due_at"), limit=limit)

    async def claim(self, row: QueuedMailDocument, *, until: datetime) -> QueuedMailDocument | None:
        """Claim *row* until *until*; None if another worker was first. If the worker dies, the claim expires."""
        claimed = row.model_copy(update={"due_at": until, "attempts": row.attempts + 1})
        same = {"due_at": row.due_at, "attempts": row.attempts}
        return claimed if await self._rows.replace_one(claimed, expect=same) else None

    async def should_send(self, row: QueuedMailDocument) -> bool:
        """Return whether the service still wants the email to be sent."""
        hooks = self._hooks.get(row.kind)
        return hooks is None or hooks.before_send is None or await hooks.before_send(row)

    async def open_message(self, row: QueuedMailDocument) -> EmailMessage:
        """Decrypt the email for the purpose with which it was queued."""
        return EmailMessage.from_json((await self._vault.open_field(row, "sealed", row.purpose)).encode())

    async def schedule_retry(
        self, row: QueuedMailDocument, delay: timedelta, *, code: int, enhanced_code: str = ""
    ) -> None:
        """Retry *row* after *delay*, or when it expires if that is sooner."""
        due_at = min(self._clock() + delay, row.expires_at)
        await self._rows.update_one({"_id": row.id, "attempts": row.attempts}, {"$set": {"due_at": due_at}})
        await self._record_attempt(row, DeliveryStatus.DEFERRED, code, enhanced_code)

    async def complete(
        self, row: QueuedMailDocument, status: DeliveryStatus, *, code: int = 0, enhanced_code: str = ""
    ) -> None:
        """Remove *row* from the queue with its final *status*: destroy its key, log it, report it."""

        async def work() -> None:
            if not await self._rows.delete_one({"_id": row.id}):
                return  # completed by another worker, or erased with its account
            if row.owner == row.id:
                await self._vault.destroy_key(row.id)
            await self._record_attempt(row, status, code, enhanced_code)
            hooks = self._hooks.get(row.kind)
            if hooks is not None and hooks.on_completed is not None:
                await hooks.on_completed(row.id, status)

        await self._db.with_transaction(work)

    async def withdraw_emails(self, owner: str, *, attempted: DeliveryStatus = DeliveryStatus.SUPPRESSED) -> int:
        """Remove what is queued for *owner*, in the ambient transaction; return how many.

        Each is logged: as suppressed, or as *attempted* when an attempt to send it was made.
        """
        rows = await self._rows.list({"owner": owner})
        for row in rows:
            if await self._rows.delete_one({"_id": row.id}):
                await self._record_attempt(row, attempted if row.attempts else DeliveryStatus.SUPPRESSED, 0, "")
        return len(rows)

    async def _build_document(
        self, email: EmailMessage, subject: str, purpose: Purpose, expires_after: timedelta
    ) -> QueuedMailDocument:
        if not personal_fields(QueuedMailDocument)["sealed"].allows(purpose):
            raise PurposeDeniedError(f"no email may be sent for {purpose}")
        if expires_after > _MAX_QUEUE_LIFETIME:
            raise ValueError(f"an email is retried for at most {_MAX_QUEUE_LIFETIME.days} days")
        mail_id, now = new_id("mail"), self._clock()
        owner = subject or mail_id
        return QueuedMailDocument(
            id=mail_id,
            kind=email.kind,
            owner=owner,
            address_index=self._log.hash_address(email.to.email),
            sealed=await self._vault.seal(owner, build_associated_data(QueuedMailDocument, "sealed"), email.to_json()),
            purpose=purpose,
            bulk=email.list_unsubscribe is not None,
            created_at=now,
            due_at=now,
            expires_at=now + expires_after,
        )

    async def _record_attempt(
        self, row: QueuedMailDocument, status: DeliveryStatus, code: int, enhanced_code: str
    ) -> None:
        attempt = SentMail(
            kind=row.kind,
            mail_id=row.id,
            status=status,
            at=self._clock(),
            code=code,
            enhanced_code=enhanced_code,
            owner="" if row.owner == row.id else row.owner,
            address_index=row.address_index,
        )
        await self._log.record_sent(attempt)

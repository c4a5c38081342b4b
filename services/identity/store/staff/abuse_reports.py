"""Reports of misuse and security problems; what people write is sealed, and kept for a year (C28)."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.staff.abuse_reports import ABUSE_REPORT_RETENTION, AbuseReportKind, AbuseReportState
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(ABUSE_REPORT_RETENTION / timedelta(days=1))
_REPORT_PURPOSES = {Purpose.SECURITY, Purpose.SUPPORT, Purpose.EXPORT, Purpose.ERASURE}
_BATCH_SIZE = 50


class AbuseReportDocument(Document):
    """One case."""

    collection: ClassVar[str] = "abuse_reports"
    subject: ClassVar[str | None] = "subject_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("subject_id"),
        Index("state", "answer_due_at"),
        Index("lock_link_pending"),
        Index("created_at"),
    )

    subject_id: Annotated[str, Personal(Category.PSEUDONYM, _REPORT_PURPOSES, _RETENTION)]
    """The account that reported; the id of the report where nobody was logged in. All is sealed under its key."""
    anonymous: bool
    kind: AbuseReportKind
    state: AbuseReportState
    text: Annotated[bytes, Personal(Category.CONTENT, _REPORT_PURPOSES, _RETENTION)]
    pgp_encrypted: bool
    """Whether the text is encrypted to the people of security besides."""
    email: Annotated[bytes | None, Personal(Category.CONTACT, _REPORT_PURPOSES, _RETENTION)]
    """Whose account is misused, where nobody was logged in."""
    lock_link_pending: bool
    """Whether a link that locks the account at this address is still to be sent."""
    lock_token_expires_at: datetime | None = None
    """Until when that link acts."""
    answer: Annotated[bytes | None, Personal(Category.CONTENT, _REPORT_PURPOSES, _RETENTION)] = None
    answered_by: str | None = None
    created_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None = None
    closed_at: datetime | None = None


class AbuseReports:
    """The cases."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(AbuseReportDocument)
        self._vault = vault

    async def seal(self, subject_id: str, field: str, text: str) -> bytes:
        """Return *text* as a report holds it in *field*."""
        return await self._vault.seal(subject_id, build_associated_data(AbuseReportDocument, field), text.encode())

    async def open_field(self, report: AbuseReportDocument, field: str, purpose: Purpose) -> str | None:
        """Return what a report holds in a sealed *field*."""
        if getattr(report, field) is None:
            return None
        return await self._vault.open_field(report, field, purpose)

    async def add(self, report: AbuseReportDocument) -> None:
        """Open a case."""
        await self._rows.insert_one(report)

    async def get(self, report_id: str) -> AbuseReportDocument | None:
        """Return the case."""
        return await self._rows.get(report_id)

    async def list_by_account(self, account_id: str) -> list[AbuseReportDocument]:
        """Return what the owner of an account has reported, the newest first."""
        return await self._rows.list({"subject_id": account_id}, sort=[("created_at", -1)], limit=_BATCH_SIZE)

    async def list_page(
        self, state: AbuseReportState | None, *, after: str | None, limit: int
    ) -> list[AbuseReportDocument]:
        """Return cases in the order of their ids, from behind *after*."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def pending_lock_emails(self) -> list[AbuseReportDocument]:
        """Return reports for which a link is to be sent, if there is an account at the address."""
        return await self._rows.list({"lock_link_pending": True}, limit=_BATCH_SIZE)

    async def claim_lock_email(self, report: AbuseReportDocument, *, expires_at: datetime) -> bool:
        """Take up the wish for a link; False when another process was first."""
        change = {"lock_link_pending": False, "lock_token_expires_at": expires_at}
        return await self._rows.update_one({"_id": report.id, "lock_link_pending": True}, {"$set": change}) == 1

    async def consume(self, report_id: str, *, at: datetime) -> bool:
        """End the link of a report; of two requests at once one is told yes."""
        wanted = {"_id": report_id, "lock_token_expires_at": {"$gt": at}}
        return await self._rows.update_one(wanted, {"$set": {"lock_token_expires_at": None}}) == 1

    async def record_answer(self, report: AbuseReportDocument, answer: bytes, *, by: str, at: datetime) -> bool:
        """Answer an open case; of two people at once, one is told yes."""
        change = {"state": AbuseReportState.ANSWERED, "answer": answer, "answered_by": by, "answered_at": at}
        return await self._rows.update_one({"_id": report.id, "state": AbuseReportState.OPEN}, {"$set": change}) == 1

    async def close(self, report: AbuseReportDocument, *, at: datetime) -> bool:
        """Close a case that has an answer."""
        wanted = {"_id": report.id, "state": AbuseReportState.ANSWERED}
        return await self._rows.update_one(wanted, {"$set": {"state": AbuseReportState.CLOSED, "closed_at": at}}) == 1

    async def count(self) -> int:
        """Return how many cases there are."""
        return await self._rows.count_documents({})

    async def count_unanswered(self, at: datetime) -> int:
        """Return how many are past their target without an answer, whatever they are called (C28)."""
        return await self._rows.count_documents({"answered_at": None, "answer_due_at": {"$lte": at}})

    async def delete_expired(self, at: datetime) -> int:
        """Delete what was kept long enough, with the keys of those that have one of their own."""
        # Earlier than the sweeper, which knows nothing of these keys.
        old = await self._rows.list(
            {"created_at": {"$lte": at - ABUSE_REPORT_RETENTION + timedelta(hours=1)}}, limit=_BATCH_SIZE
        )
        for report in old:
            if report.anonymous:
                await self._vault.destroy_key(report.subject_id)
        return await self._rows.delete_many({"_id": {"$in": [report.id for report in old]}})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete_many({"subject_id": account_id})

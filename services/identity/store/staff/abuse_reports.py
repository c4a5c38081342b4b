"""Abuse reports. Their texts are sealed and kept for a year (C28)."""

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
    """An abuse report."""

    collection: ClassVar[str] = "abuse_reports"
    subject: ClassVar[str | None] = "subject_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("subject_id"),
        Index("state", "answer_due_at"),
        Index("lock_link_pending"),
        Index("created_at"),
    )

    subject_id: Annotated[str, Personal(Category.PSEUDONYM, _REPORT_PURPOSES, _RETENTION)]
    """The account of the reporter; without a login, the id of the report. Its key seals the texts."""
    anonymous: bool
    kind: AbuseReportKind
    state: AbuseReportState
    text: Annotated[bytes, Personal(Category.CONTENT, _REPORT_PURPOSES, _RETENTION)]
    pgp_encrypted: bool
    """Whether the text is encrypted for the security team."""
    email: Annotated[bytes | None, Personal(Category.CONTACT, _REPORT_PURPOSES, _RETENTION)]
    """The address of the misused account, for a report without a login."""
    lock_link_pending: bool
    """Whether the link that locks the account is still to be sent."""
    lock_token_expires_at: datetime | None = None
    """When the lock link expires."""
    answer: Annotated[bytes | None, Personal(Category.CONTENT, _REPORT_PURPOSES, _RETENTION)] = None
    answered_by: str | None = None
    created_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None = None
    closed_at: datetime | None = None


class AbuseReports:
    """The abuse reports."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(AbuseReportDocument)
        self._vault = vault

    async def seal(self, subject_id: str, field: str, text: str) -> bytes:
        """Return *text* sealed for *field* of a report."""
        return await self._vault.seal(subject_id, build_associated_data(AbuseReportDocument, field), text.encode())

    async def open_field(self, report: AbuseReportDocument, field: str, purpose: Purpose) -> str | None:
        """Return the text of a sealed *field*, or None."""
        if getattr(report, field) is None:
            return None
        return await self._vault.open_field(report, field, purpose)

    async def add(self, report: AbuseReportDocument) -> None:
        """Store a report."""
        await self._rows.insert_one(report)

    async def get(self, report_id: str) -> AbuseReportDocument | None:
        """Return the report, or None."""
        return await self._rows.get(report_id)

    async def list_by_account(self, account_id: str) -> list[AbuseReportDocument]:
        """Return the reports of an account, newest first."""
        return await self._rows.list({"subject_id": account_id}, sort=[("created_at", -1)], limit=_BATCH_SIZE)

    async def list_page(
        self, state: AbuseReportState | None, *, after: str | None, limit: int
    ) -> list[AbuseReportDocument]:
        """Return a page of reports by id."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def pending_lock_emails(self) -> list[AbuseReportDocument]:
        """Return reports whose lock link is to be sent."""
        return await self._rows.list({"lock_link_pending": True}, limit=_BATCH_SIZE)

    async def claim_lock_email(self, report: AbuseReportDocument, *, expires_at: datetime) -> bool:
        """Claim the sending of a lock link; False if another worker was first."""
        change = {"lock_link_pending": False, "lock_token_expires_at": expires_at}
        return await self._rows.update_one({"_id": report.id, "lock_link_pending": True}, {"$set": change}) == 1

    async def consume(self, report_id: str, *, at: datetime) -> bool:
        """Use the lock link of a report; of several concurrent calls, one returns True."""
        wanted = {"_id": report_id, "lock_token_expires_at": {"$gt": at}}
        return await self._rows.update_one(wanted, {"$set": {"lock_token_expires_at": None}}) == 1

    async def record_answer(self, report: AbuseReportDocument, answer: bytes, *, by: str, at: datetime) -> bool:
        """Answer an open report; of several concurrent calls, one returns True."""
        change = {"state": AbuseReportState.ANSWERED, "answer": answer, "answered_by": by, "answered_at": at}
        return await self._rows.update_one({"_id": report.id, "state": AbuseReportState.OPEN}, {"$set": change}) == 1

    async def close(self, report: AbuseReportDocument, *, at: datetime) -> bool:
        """Close an answered report."""
        wanted = {"_id": report.id, "state": AbuseReportState.ANSWERED}
        return await self._rows.update_one(wanted, {"$set": {"state": AbuseReportState.CLOSED, "closed_at": at}}) == 1

    async def count(self) -> int:
        """Return the number of reports."""
        return await self._rows.count_documents({})

    async def count_unanswered(self, at: datetime) -> int:
        """Return the number of reports past their deadline without an answer (C28)."""
        return await self._rows.count_documents({"answered_at": None, "answer_due_at": {"$lte": at}})

    async def delete_expired(self, at: datetime) -> int:
        """Delete expired reports, and the keys of anonymous ones."""
        # An hour before the retention sweeper, which does not know these keys.
        old = await self._rows.list(
            {"created_at": {"$lte": at - ABUSE_REPORT_RETENTION + timedelta(hours=1)}}, limit=_BATCH_SIZE
        )
        for report in old:
            if report.anonymous:
                await self._vault.destroy_key(report.subject_id)
        return await self._rows.delete_many({"_id": {"$in": [report.id for report in old]}})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the reports of the account."""
        return await self._rows.delete_many({"subject_id": account_id})

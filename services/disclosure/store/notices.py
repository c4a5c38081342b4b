"""The collection of notices: one for each affected account of a case."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.disclosure.domain import FINAL_NOTICE_STATES, CaseNotice, NoticeProof, NoticeState
from shared.mongo import Collection, Database, Document, Index
from shared.personal import Category, Personal, Retention
from shared.policy import Purpose

NOTICE_RETENTION = timedelta(days=7 * 365)
"""Retention of final notices, also of erased accounts: they prove that the account was notified (C16)."""

_NOTICE_SUBJECT = Personal(
    Category.LEGAL, {Purpose.LEGAL_DISCLOSURE, Purpose.EXPORT}, Retention(limit=NOTICE_RETENTION, since="completed_at")
)
_PENDING_STATES = [state.value for state in NoticeState if state not in FINAL_NOTICE_STATES]


class CaseNoticeDocument(Document):
    """The notice to one account. ``_id`` combines case and account, so each account gets one."""

    collection: ClassVar[str] = "notices"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("case_id", "state"),
        Index("state", "due_at"),
        Index("mail_id", unique=True, partial={"mail_id": {"$type": "string"}}),
        Index("account_id", "_id"),
    )
    case_id: str
    account_id: Annotated[str, _NOTICE_SUBJECT]
    state: NoticeState
    due_at: datetime | None = None
    """The next attempt; None until the case is approved."""
    attempts: int = 0
    mail_id: str | None = None
    proof: NoticeProof | None = None
    completed_at: datetime | None = None


class CaseNotices:
    """The notices of all cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CaseNoticeDocument] = db.get_collection(CaseNoticeDocument)

    async def create_pending(self, case_id: str, account_ids: Iterable[str]) -> None:
        """Insert a pending notice for each affected account, not due until the case is approved."""
        await self._rows.insert_many(
            CaseNoticeDocument(
                id=f"{case_id}:{account_id}", case_id=case_id, account_id=account_id, state=NoticeState.PENDING
            )
            for account_id in account_ids
        )

    async def activate_pending(self, case_id: str, *, at: datetime) -> None:
        """Make the pending notices of an approved case due."""
        pending = {"case_id": case_id, "state": NoticeState.PENDING.value}
        await self._rows.update_many(pending, {"$set": {"due_at": at}})

    async def delete_inactive(self, case_id: str) -> None:
        """Delete the notices of a case that was never approved."""
        await self._rows.delete_many({"case_id": case_id, "due_at": None, "state": NoticeState.PENDING.value})

    async def is_affected(self, case_id: str, account_id: str) -> bool:
        """Whether the case has a notice to this account."""
        return await self._rows.get(f"{case_id}:{account_id}") is not None

    async def list_due(self, *, at: datetime, limit: int) -> list[CaseNotice]:
        """Return due notices, oldest first."""
        wanted = {"state": NoticeState.PENDING.value, "due_at": {"$lte": at}}
        return [_to_notice(row) for row in await self._rows.list(wanted, sort=["due_at"], limit=limit)]

    async def claim(self, notice: CaseNotice) -> bool:
        """Claim a pending notice for sending; False when another worker has it."""
        return await self._update_in_state(notice, NoticeState.PENDING, {"state": NoticeState.SENDING.value})

    async def record_mail(self, notice: CaseNotice, mail_id: str) -> None:
        """Store the id of the mail that carries a claimed notice."""
        await self._update_in_state(notice, NoticeState.SENDING, {"mail_id": mail_id})

    async def complete(self, notice: CaseNotice, state: NoticeState, proof: NoticeProof, *, at: datetime) -> bool:
        """Set the final *state*; False when the notice is final already."""
        change = {"state": state.value, "proof": proof.value, "completed_at": at}
        return (
            await self._rows.update_one(
                {"_id": _document_id(notice), "state": {"$in": _PENDING_STATES}}, {"$set": change}
            )
            == 1
        )

    async def schedule_retry(self, notice: CaseNotice, *, until: datetime) -> None:
        """Schedule the next attempt."""
        await self._update_in_state(notice, NoticeState.PENDING, {"due_at": until, "attempts": notice.attempts + 1})

    async def get_by_mail(self, mail_id: str) -> CaseNotice | None:
        """Return the notice that was sent as this mail."""
        row = await self._rows.find_one({"mail_id": mail_id})
        return _to_notice(row) if row else None

    async def list_by_case(self, case_id: str, *, after: str | None, limit: int) -> list[CaseNotice]:
        """Return the notices of a case ordered by account, after the account *after*."""
        wanted = {"case_id": case_id, "_id": {"$gt": f"{case_id}:{after or ''}"}}
        return [_to_notice(row) for row in await self._rows.list(wanted, sort=["_id"], limit=limit)]

    async def list_by_account(self, account_id: str, *, after: str, limit: int) -> list[CaseNotice]:
        """Return the notices to one account ordered by case, after the case *after*."""
        wanted = {"account_id": account_id, "_id": {"$gt": f"{after}:{account_id}"}} if after else {}
        rows = await self._rows.list({"account_id": account_id, **wanted}, sort=["_id"], limit=limit)
        return [_to_notice(row) for row in rows]

    async def count_by_account(self, account_id: str) -> int:
        """Count the notices to one account."""
        return await self._rows.count_documents({"account_id": account_id})

    async def count_by_state(self, case_ids: list[str]) -> dict[str, dict[NoticeState, int]]:
        """Count the notices of each case by state."""
        counts: dict[str, dict[NoticeState, int]] = {case_id: {} for case_id in case_ids}
        for row in await self._rows.run_pipeline(
            [
                {"$match": {"case_id": {"$in": case_ids}}},
                {"$group": {"_id": {"case": "$case_id", "state": "$state"}, "n": {"$sum": 1}}},
            ]
        ):
            counts[row["_id"]["case"]][NoticeState(row["_id"]["state"])] = int(row["n"])
        return counts

    async def has_pending(self, case_id: str) -> bool:
        """Whether the case has notices that are not final."""
        return await self._rows.find_one({"case_id": case_id, "state": {"$in": _PENDING_STATES}}) is not None

    async def list_pending_case_ids(self) -> list[str]:
        """Return the ids of cases with notices that are not final."""
        stages: list[dict[str, Any]] = [
            {"$match": {"state": {"$in": _PENDING_STATES}}},
            {"$group": {"_id": "$case_id"}},
        ]
        return [str(row["_id"]) for row in await self._rows.run_pipeline(stages)]

    async def _update_in_state(self, notice: CaseNotice, expected: NoticeState, change: dict[str, object]) -> bool:
        return (
            await self._rows.update_one({"_id": _document_id(notice), "state": expected.value}, {"$set": change}) == 1
        )


def _document_id(notice: CaseNotice) -> str:
    return f"{notice.case_id}:{notice.account_id}"


def _to_notice(row: CaseNoticeDocument) -> CaseNotice:
    return CaseNotice(
        case_id=row.case_id,
        account_id=row.account_id,
        state=row.state,
        mail_id=row.mail_id,
        attempts=row.attempts,
        proof=row.proof,
        completed_at=row.completed_at,
    )

"""Cases, and one notice for each account that a case affects."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar

from services.disclosure.domain import FINAL, Case, CaseState, Ground, Notice, NoticeState
from shared.mongo import Collection, Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

# What a case was about stays: it is the proof that everybody concerned was told (C16).
_LEGAL = Personal(Category.LEGAL, {Purpose.LEGAL_DISCLOSURE, Purpose.EXPORT}, UNTIL_ERASED)


class CaseDocument(Document):
    """One disclosure."""

    collection: ClassVar[str] = "cases"
    indexes: ClassVar[tuple[Index, ...]] = (Index("state", "approved_at"),)
    ground: Ground
    requester: str
    reference: str
    fields: list[str]
    state: CaseState
    affected: int
    opened_by: str
    opened_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None


class NoticeDocument(Document):
    """The notice to one account; ``_id`` is case and account, so nobody is told twice."""

    collection: ClassVar[str] = "notices"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("case_id", "state"),
        Index("state", "due_at"),
        Index("mail_id", unique=True, partial={"mail_id": {"$type": "string"}}),
        Index("account_id"),
    )
    case_id: str
    account_id: Annotated[str, _LEGAL]
    state: NoticeState
    due_at: datetime
    mail_id: str | None = None
    settled_at: datetime | None = None


class Cases:
    """All disclosure cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CaseDocument] = db.collection(CaseDocument)

    async def add(self, case: Case) -> None:
        """Keep a new case."""
        await self._rows.insert(
            CaseDocument(
                id=case.case_id,
                ground=case.ground,
                requester=case.requester,
                reference=case.reference,
                fields=list(case.fields),
                state=case.state,
                affected=case.affected,
                opened_by=case.opened_by,
                opened_at=case.opened_at,
            )
        )

    async def get(self, case_id: str) -> Case | None:
        """Return a case."""
        row = await self._rows.get(case_id)
        return _case(row) if row else None

    async def newest(self, limit: int = 100) -> list[Case]:
        """Return the newest cases, newest first."""
        return [_case(row) for row in await self._rows.list({}, sort=[("opened_at", -1)], limit=limit)]

    async def approve(self, case_id: str, *, by: str, at: datetime) -> bool:
        """Let the notices of an open case go out; False when it is not open any more."""
        change = {"state": CaseState.NOTIFYING.value, "approved_by": by, "approved_at": at}
        return await self._rows.update({"_id": case_id, "state": CaseState.OPEN.value}, {"$set": change}) == 1

    async def close(self, case_id: str, *, at: datetime) -> bool:
        """Close a case whose notices are all final; False when it was closed before."""
        change = {"state": CaseState.CLOSED.value, "closed_at": at}
        return await self._rows.update({"_id": case_id, "state": CaseState.NOTIFYING.value}, {"$set": change}) == 1

    async def approved_before(self, at: datetime) -> list[Case]:
        """Return the cases that were approved before *at* and are not closed."""
        late = {"state": CaseState.NOTIFYING.value, "approved_at": {"$lt": at}}
        return [_case(row) for row in await self._rows.list(late, limit=1_000)]

    async def count(self) -> int:
        """Return how many cases there are."""
        return await self._rows.count({})


class Notices:
    """The notices of all cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[NoticeDocument] = db.collection(NoticeDocument)

    async def add(self, case_id: str, account_ids: Iterable[str], *, at: datetime) -> None:
        """Freeze the set of affected accounts: one pending notice each."""
        await self._rows.insert_many(
            NoticeDocument(
                id=f"{case_id}:{account_id}",
                case_id=case_id,
                account_id=account_id,
                state=NoticeState.PENDING,
                due_at=at,
            )
            for account_id in account_ids
        )

    async def due(self, case_id: str, *, at: datetime, limit: int = 50) -> list[Notice]:
        """Return pending notices of a case that may be sent now."""
        wanted = {"case_id": case_id, "state": NoticeState.PENDING.value, "due_at": {"$lte": at}}
        return [_notice(row) for row in await self._rows.list(wanted, limit=limit)]

    async def sending(self, notice: Notice, mail_id: str) -> bool:
        """Note that the mail of a pending notice was handed over; False when another did so first."""
        change = {"state": NoticeState.SENDING.value, "mail_id": mail_id}
        return await self._change(notice, NoticeState.PENDING, change)

    async def settle(self, notice: Notice, state: NoticeState, *, at: datetime) -> bool:
        """Move a notice to its final *state*; False when it was moved before."""
        return await self._change(notice, notice.state, {"state": state.value, "settled_at": at})

    async def postpone(self, notice: Notice, *, until: datetime) -> None:
        """Try again later: a part did not answer."""
        await self._change(notice, NoticeState.PENDING, {"due_at": until})

    async def of_mail(self, mail_id: str) -> Notice | None:
        """Return the notice that was sent as this mail."""
        row = await self._rows.find_one({"mail_id": mail_id})
        return _notice(row) if row else None

    async def states(self, case_id: str) -> dict[NoticeState, int]:
        """Count the notices of a case by state."""
        group = [{"$match": {"case_id": case_id}}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
        return {NoticeState(row["_id"]): int(row["n"]) for row in await self._rows.aggregate(group)}

    async def of_account(self, account_id: str) -> list[NoticeDocument]:
        """Return the notices to one account, oldest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("due_at", 1)])

    async def unsettled(self, case_id: str) -> int:
        """Count the notices of a case that are not final."""
        return sum(count for state, count in (await self.states(case_id)).items() if state not in FINAL)

    async def _change(self, notice: Notice, expected: NoticeState, change: dict[str, object]) -> bool:
        key = {"_id": f"{notice.case_id}:{notice.account_id}", "state": expected.value}
        return await self._rows.update(key, {"$set": change}) == 1


def _case(row: CaseDocument) -> Case:
    return Case(
        case_id=row.id,
        ground=row.ground,
        requester=row.requester,
        reference=row.reference,
        fields=tuple(row.fields),
        state=row.state,
        affected=row.affected,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        closed_at=row.closed_at,
    )


def _notice(row: NoticeDocument) -> Notice:
    return Notice(case_id=row.case_id, account_id=row.account_id, state=row.state, mail_id=row.mail_id)

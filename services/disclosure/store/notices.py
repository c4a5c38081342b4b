"""One notice for each account that a case affects."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.disclosure.domain import FINAL, Notice, NoticeState, Proof
from shared.mongo import Collection, Database, Document, Index
from shared.personal import Category, Keep, Personal
from shared.policy import Purpose

PROOF_KEPT = timedelta(days=7 * 365)
"""How long a notice that is settled stays, also of an erased account: the proof that its owner was told (C16)."""

_TOLD = Personal(Category.LEGAL, {Purpose.LEGAL_DISCLOSURE, Purpose.EXPORT}, Keep(limit=PROOF_KEPT, since="settled_at"))
_UNSETTLED = [state.value for state in NoticeState if state not in FINAL]


class NoticeDocument(Document):
    """The notice to one account; ``_id`` is case and account, so nobody is told twice."""

    collection: ClassVar[str] = "notices"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("case_id", "state"),
        Index("state", "due_at"),
        Index("mail_id", unique=True, partial={"mail_id": {"$type": "string"}}),
        Index("account_id", "_id"),
    )
    case_id: str
    account_id: Annotated[str, _TOLD]
    state: NoticeState
    due_at: datetime | None = None
    """When it may be tried next; None until the case is approved."""
    attempts: int = 0
    mail_id: str | None = None
    proof: Proof | None = None
    settled_at: datetime | None = None


class Notices:
    """The notices of all cases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[NoticeDocument] = db.collection(NoticeDocument)

    async def freeze(self, case_id: str, account_ids: Iterable[str]) -> None:
        """Freeze the set of affected accounts: one pending notice each, not yet to be sent."""
        await self._rows.insert_many(
            NoticeDocument(
                id=f"{case_id}:{account_id}", case_id=case_id, account_id=account_id, state=NoticeState.PENDING
            )
            for account_id in account_ids
        )

    async def release(self, case_id: str, *, at: datetime) -> None:
        """Let the notices of an approved case go out."""
        pending = {"case_id": case_id, "state": NoticeState.PENDING.value}
        await self._rows.update(pending, {"$set": {"due_at": at}}, many=True)

    async def due(self, *, at: datetime, most: int) -> list[Notice]:
        """Return pending notices of approved cases that may be tried now, the longest waiting first."""
        wanted = {"state": NoticeState.PENDING.value, "due_at": {"$lte": at}}
        return [_notice(row) for row in await self._rows.list(wanted, sort=["due_at"], limit=most)]

    async def take(self, notice: Notice) -> bool:
        """Take a pending notice to send it; False when another did so first."""
        return await self._change(notice, NoticeState.PENDING, {"state": NoticeState.SENDING.value})

    async def sent_as(self, notice: Notice, mail_id: str) -> None:
        """Note which mail carries a notice that was taken."""
        await self._change(notice, NoticeState.SENDING, {"mail_id": mail_id})

    async def settle(self, notice: Notice, state: NoticeState, proof: Proof, *, at: datetime) -> bool:
        """Move a notice to its final *state*; False when it has reached one before."""
        change = {"state": state.value, "proof": proof.value, "settled_at": at}
        return await self._rows.update({"_id": _key(notice), "state": {"$in": _UNSETTLED}}, {"$set": change}) == 1

    async def postpone(self, notice: Notice, *, until: datetime) -> None:
        """Try again later: the address is not known yet."""
        await self._change(notice, NoticeState.PENDING, {"due_at": until, "attempts": notice.attempts + 1})

    async def of_mail(self, mail_id: str) -> Notice | None:
        """Return the notice that was sent as this mail."""
        row = await self._rows.find_one({"mail_id": mail_id})
        return _notice(row) if row else None

    async def of_case(self, case_id: str, *, after: str | None, most: int) -> list[Notice]:
        """Return the notices of a case in the order of their accounts, beginning behind the account *after*."""
        wanted = {"case_id": case_id, "_id": {"$gt": f"{case_id}:{after or ''}"}}
        return [_notice(row) for row in await self._rows.list(wanted, sort=["_id"], limit=most)]

    async def of_account(self, account_id: str, *, after: str, most: int) -> list[Notice]:
        """Return the notices to one account in the order of their cases, beginning behind the case *after*."""
        wanted = {"account_id": account_id, "_id": {"$gt": f"{after}:{account_id}"}} if after else {}
        rows = await self._rows.list({"account_id": account_id, **wanted}, sort=["_id"], limit=most)
        return [_notice(row) for row in rows]

    async def count_of(self, account_id: str) -> int:
        """Count the notices to one account."""
        return await self._rows.count({"account_id": account_id})

    async def states(self, case_ids: list[str]) -> dict[str, dict[NoticeState, int]]:
        """Count the notices of each case by state."""
        counts: dict[str, dict[NoticeState, int]] = {case_id: {} for case_id in case_ids}
        for row in await self._rows.aggregate(
            [
                {"$match": {"case_id": {"$in": case_ids}}},
                {"$group": {"_id": {"case": "$case_id", "state": "$state"}, "n": {"$sum": 1}}},
            ]
        ):
            counts[row["_id"]["case"]][NoticeState(row["_id"]["state"])] = int(row["n"])
        return counts

    async def is_unsettled(self, case_id: str) -> bool:
        """Tell whether a notice of a case is not final yet."""
        return await self._rows.find_one({"case_id": case_id, "state": {"$in": _UNSETTLED}}) is not None

    async def unsettled_cases(self) -> list[str]:
        """Return the cases that have a notice which is not final."""
        stages: list[dict[str, Any]] = [
            {"$match": {"state": {"$in": _UNSETTLED}}},
            {"$group": {"_id": "$case_id"}},
        ]
        return [str(row["_id"]) for row in await self._rows.aggregate(stages)]

    async def _change(self, notice: Notice, expected: NoticeState, change: dict[str, object]) -> bool:
        return await self._rows.update({"_id": _key(notice), "state": expected.value}, {"$set": change}) == 1


def _key(notice: Notice) -> str:
    return f"{notice.case_id}:{notice.account_id}"


def _notice(row: NoticeDocument) -> Notice:
    return Notice(
        case_id=row.case_id,
        account_id=row.account_id,
        state=row.state,
        mail_id=row.mail_id,
        attempts=row.attempts,
        proof=row.proof,
        settled_at=row.settled_at,
    )

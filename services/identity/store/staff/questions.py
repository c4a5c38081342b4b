"""Questions to customer service. Their texts are sealed, and kept for half a year (C30)."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.staff.questions import QUESTION_RETENTION, QuestionChannel, QuestionState, QuestionTopic
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(QUESTION_RETENTION / timedelta(days=1))
_PURPOSES = {Purpose.SUPPORT, Purpose.EXPORT}
"""The answer, and the customer's own copy."""
_BATCH_SIZE = 50


class QuestionDocument(Document):
    """A question with its answer."""

    collection: ClassVar[str] = "questions"
    subject: ClassVar[str | None] = "subject_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("subject_id", ("created_at", -1)),
        Index("state", "_id"),
        Index("state", "answer_due_at"),
        Index("created_at"),
    )

    subject_id: Annotated[str, Personal(Category.PSEUDONYM, _PURPOSES, _RETENTION)]
    """The account of the customer; without one, the id of the question. Its key seals the texts."""
    anonymous: bool
    topic: QuestionTopic
    channel: QuestionChannel
    state: QuestionState
    text: Annotated[bytes, Personal(Category.CONTENT, _PURPOSES, _RETENTION)]
    email: Annotated[bytes | None, Personal(Category.CONTACT, _PURPOSES, _RETENTION)]
    """Where the answer goes, for a question without an account."""
    answer: Annotated[bytes | None, Personal(Category.CONTENT, _PURPOSES, _RETENTION)] = None
    answered_by: str | None = None
    created_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None = None


class Questions:
    """The questions."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(QuestionDocument)
        self._vault = vault

    async def seal(self, subject_id: str, field: str, text: str) -> bytes:
        """Return *text* sealed for *field* of a question."""
        return await self._vault.seal(subject_id, build_associated_data(QuestionDocument, field), text.encode())

    async def open_field(self, question: QuestionDocument, field: str, purpose: Purpose) -> str | None:
        """Return the text of a sealed *field*, or None."""
        if getattr(question, field) is None:
            return None
        return await self._vault.open_field(question, field, purpose)

    async def add(self, question: QuestionDocument) -> None:
        """Store a question."""
        await self._rows.insert_one(question)

    async def get(self, question_id: str) -> QuestionDocument | None:
        """Return the question, or None."""
        return await self._rows.get(question_id)

    async def list_by_account(self, account_id: str) -> list[QuestionDocument]:
        """Return the questions of an account, newest first."""
        return await self._rows.list({"subject_id": account_id}, sort=[("created_at", -1)], limit=_BATCH_SIZE)

    async def list_page(self, state: QuestionState | None, *, after: str | None, limit: int) -> list[QuestionDocument]:
        """Return a page of questions by id."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def record_answer(self, question: QuestionDocument, answer: bytes, *, by: str, at: datetime) -> bool:
        """Answer an open question; of several concurrent calls, one returns True."""
        change = {"state": QuestionState.ANSWERED, "answer": answer, "answered_by": by, "answered_at": at}
        return await self._rows.update_one({"_id": question.id, "state": QuestionState.OPEN}, {"$set": change}) == 1

    async def count(self) -> int:
        """Return the number of questions."""
        return await self._rows.count_documents({})

    async def count_unanswered(self, at: datetime) -> int:
        """Return the number of questions past their deadline without an answer (C30)."""
        return await self._rows.count_documents({"state": QuestionState.OPEN, "answer_due_at": {"$lte": at}})

    async def count_expired(self, at: datetime) -> int:
        """Return the number of questions past their retention; it must be 0 (C30)."""
        return await self._rows.count_documents({"created_at": {"$lte": at - QUESTION_RETENTION}})

    async def delete_expired(self, at: datetime) -> int:
        """Delete expired questions, and the keys of those without an account."""
        # An hour before the retention sweeper, which does not know these keys.
        before = at - QUESTION_RETENTION + timedelta(hours=1)
        old = await self._rows.list({"created_at": {"$lte": before}}, limit=_BATCH_SIZE)
        for question in old:
            if question.anonymous:
                await self._vault.destroy_key(question.subject_id)
        return await self._rows.delete_many({"_id": {"$in": [question.id for question in old]}})

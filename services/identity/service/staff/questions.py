"""Questions: asked by anyone, answered by customer service, used for the answer alone (C30)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.staff.abuse_reports import answer_deadline
from services.identity.domain.staff.questions import (
    MAX_QUESTION_BYTES,
    QuestionChannel,
    QuestionState,
    QuestionTopic,
)
from services.identity.emails.staff import StaffEmails
from services.identity.errors import (
    QuestionAnsweredError,
    QuestionNotFoundError,
    QuestionTooLargeError,
)
from services.identity.service.staff.admin_actions import StaffMember
from services.identity.store import Accounts, DataAccessLog, QuestionDocument, Questions
from services.identity.store.staff.data_access import Recipient
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose

StoredQuestion = QuestionDocument
_READ_FIELDS = ("identity.questions.text", "identity.questions.email")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuestion:
    """A question. It comes from an account, or has the address that is answered."""

    text: str
    account_id: str = ""
    email: str | None = None
    topic: QuestionTopic = QuestionTopic.GENERAL
    channel: QuestionChannel = QuestionChannel.FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionContents:
    """A question with its texts."""

    question: QuestionDocument
    text: str = ""
    email: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionService:
    """Receives and answers questions."""

    questions: Questions
    accounts: Accounts
    data_access_log: DataAccessLog
    staff_emails: StaffEmails
    transact: Transact
    new_id: NewId

    async def submit(self, new_question: NewQuestion, *, at: datetime) -> QuestionDocument:
        """Store a question. Whether the address has an account is not looked up (I-14)."""
        email = _validate_question(new_question)
        question_id = self.new_id("que")
        subject_id = new_question.account_id or question_id
        if new_question.account_id:
            await self.accounts.require_active(new_question.account_id)
        question = QuestionDocument(
            id=question_id,
            subject_id=subject_id,
            anonymous=not new_question.account_id,
            topic=new_question.topic,
            channel=new_question.channel,
            state=QuestionState.OPEN,
            text=await self.questions.seal(subject_id, "text", new_question.text),
            email=None if email is None else await self.questions.seal(subject_id, "email", email),
            created_at=at,
            answer_due_at=answer_deadline(at),
        )
        await self.questions.add(question)
        return question

    async def get_status(self, question_id: str) -> QuestionContents:
        """Return the state of a question and its answer. Its id works as a key."""
        question = await self._get_question(question_id)
        answer = await self.questions.open_field(question, "answer", Purpose.SUPPORT)
        return QuestionContents(question=question, answer=answer)

    async def list_by_account(self, account_id: str) -> list[QuestionDocument]:
        """Return the questions of an account, newest first."""
        return await self.questions.list_by_account(account_id)

    async def list_page(self, state: QuestionState | None, *, after: str | None, limit: int) -> list[QuestionDocument]:
        """Return a page of questions, without their texts."""
        return await self.questions.list_page(state, after=after, limit=limit)

    async def read(self, question_id: str, *, by: StaffMember, at: datetime) -> QuestionContents:
        """Return the texts to staff. The access is recorded; a customer with an account sees it."""
        question = await self._get_question(question_id)
        recipient = Recipient(kind="staff", id=by.id, purpose=Purpose.SUPPORT, basis=question.id)
        if question.anonymous:
            await self.data_access_log.record_unowned(_READ_FIELDS, recipient, at=at)
        else:
            await self.transact(
                lambda: self.data_access_log.record(question.subject_id, _READ_FIELDS, recipient, at=at)
            )
        return QuestionContents(
            question=question,
            text=await self.questions.open_field(question, "text", Purpose.SUPPORT) or "",
            email=await self.questions.open_field(question, "email", Purpose.SUPPORT),
            answer=await self.questions.open_field(question, "answer", Purpose.SUPPORT),
        )

    async def answer_question(self, question_id: str, text: str, *, by: StaffMember, at: datetime) -> QuestionDocument:
        """Answer an open question, once, by email; QuestionAnsweredError if a colleague was first."""
        _check_length(text)
        question = await self._get_question(question_id)
        email = await self._find_email(question)

        async def store_answer() -> None:
            sealed = await self.questions.seal(question.subject_id, "answer", text)
            if not await self.questions.record_answer(question, sealed, by=by.id, at=at):
                raise QuestionAnsweredError
            if email is not None:
                await self.staff_emails.send_question_answered(question.subject_id, email, question.id, text)

        await self.transact(store_answer)
        return await self._get_question(question_id)

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete expired questions."""
        return await self.transact(lambda: self.questions.delete_expired(at))

    async def _find_email(self, question: QuestionDocument) -> str | None:
        if question.anonymous:
            return await self.questions.open_field(question, "email", Purpose.SUPPORT)
        account = await self.accounts.get_active(question.subject_id)
        return None if account is None else await self.accounts.open_email(account, Purpose.SUPPORT)

    async def _get_question(self, question_id: str) -> QuestionDocument:
        question = await self.questions.get(question_id)
        if question is None:
            raise QuestionNotFoundError
        return question


def _validate_question(new_question: NewQuestion) -> str | None:
    """Return the address that is answered; None for a question from an account."""
    _check_length(new_question.text)
    if not new_question.text.strip():
        _reject_field("text", "Write your question.")
    if new_question.account_id:
        return None
    if new_question.email is None:
        _reject_field("email", "Enter the address that we answer, or log in.")
    return EmailAddress(new_question.email or "").email


def _check_length(text: str) -> None:
    if len(text.encode()) > MAX_QUESTION_BYTES:
        raise QuestionTooLargeError


def _reject_field(name: str, message: str) -> None:
    raise InvalidInputError(fields=(FieldProblem(field=name, code="missing", message=message),))

"""Questions: anyone can ask, the id gives access to the answer, and customer service answers (C30)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.api.fields import Email, get_staff_member
from services.identity.domain.staff.questions import QuestionChannel, QuestionState, QuestionTopic
from services.identity.errors import (
    AccountNotFoundError,
    QuestionAnsweredError,
    QuestionNotFoundError,
    QuestionTooLargeError,
)
from services.identity.service.staff.questions import NewQuestion, QuestionContents, QuestionService, StoredQuestion
from shared.clock import rfc3339
from shared.mail import InvalidEmailAddressError
from shared.web import (
    PUBLIC,
    SAFE_LINE,
    SAFE_TEXT,
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
    staff,
)

_Text = Annotated[str, Field(max_length=10 * 1024, description="at most 10 kB"), SAFE_TEXT]


class QuestionBody(JsonBody):
    """A question. A logged-in customer sends no address."""

    text: _Text
    email: Email | None = None


class StaffQuestionBody(QuestionBody):
    """What a customer asked by mail or phone."""

    topic: Literal["general", "correction", "cancel_password"] = "general"
    channel: Literal["mail", "phone"]
    account_id: Annotated[str | None, Field(pattern=r"^acc_[0-9a-z]{1,40}$"), SAFE_LINE] = None


class QuestionAnswerBody(JsonBody):
    """The answer, which is emailed."""

    text: Annotated[str, Field(min_length=1, max_length=10 * 1024), SAFE_TEXT]


class QuestionsQuery(PageQuery):
    """Filter by state, and page."""

    state: Literal["open", "answered"] | None = None


class QuestionSummaryView(View):
    """A question without its text."""

    question_id: Annotated[str, Field(description="keep it: you need it to read the answer")]
    topic: str
    channel: str
    state: str
    is_overdue: bool
    created_at: Timestamp
    answer_due_at: Timestamp
    answered_at: Timestamp | None


class SupportQuestionView(QuestionSummaryView):
    """A question, for its author."""

    answer: str | None


class QuestionContentsView(SupportQuestionView):
    """A question with its text, for staff."""

    text: str
    email: str | None
    account_id: str | None


class MyQuestionsView(View):
    """Your questions, newest first."""

    items: list[QuestionSummaryView]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsApi:
    """HTTP handlers of questions."""

    question_service: QuestionService
    paginator: Paginator
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, answering = "/v1/identity/questions", staff("support", "admin")
        few = RateLimit(max(1, self.rate_limit_per_minute // 10), timedelta(minutes=1))
        limit = RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        asking = (InvalidEmailAddressError, QuestionTooLargeError, AccountNotFoundError)
        return (
            post(root, self.create_question, access=PUBLIC, status=202, limit=few, errors=asking),
            get(root, self.list_questions, access=answering, replies=CursorPage[QuestionSummaryView]),
            post(
                f"{root}/by-staff",
                self.create_question_by_staff,
                access=answering,
                status=201,
                idempotent=True,
                errors=asking,
            ),
            get(f"{root}/mine", self.list_my_questions, access=customer()),
            get(
                f"{root}/{{question_id}}",
                self.get_question,
                access=PUBLIC,
                limit=limit,
                errors=(QuestionNotFoundError,),
            ),
            get(
                f"{root}/{{question_id}}/contents",
                self.get_question_contents,
                access=answering,
                errors=(QuestionNotFoundError,),
            ),
            post(
                f"{root}/{{question_id}}/answers",
                self.answer_question,
                access=answering,
                status=201,
                idempotent=True,
                errors=(QuestionNotFoundError, QuestionAnsweredError, QuestionTooLargeError),
            ),
        )

    async def create_question(self, call: RequestContext, body: QuestionBody) -> QuestionSummaryView:
        """Ask customer service. Your question is used for the answer alone, and deleted after half a year."""
        account_id = call.principal.id if call.principal.kind == "customer" else ""
        question = NewQuestion(text=body.text, account_id=account_id, email=body.email)
        return _summary_view(await self.question_service.submit(question, at=call.now), call)

    async def create_question_by_staff(self, call: RequestContext, body: StaffQuestionBody) -> QuestionSummaryView:
        """Record what a customer asked by mail or phone, such as a correction or a cancelled password."""
        question = NewQuestion(
            text=body.text,
            account_id=body.account_id or "",
            email=body.email,
            topic=QuestionTopic(body.topic),
            channel=QuestionChannel(body.channel),
        )
        return _summary_view(await self.question_service.submit(question, at=call.now), call)

    async def list_questions(self, call: RequestContext, query: QuestionsQuery) -> CursorPage[QuestionSummaryView]:
        """List questions without their texts, optionally by state."""
        state = QuestionState(query.state) if query.state else None
        found = await self.question_service.list_page(
            state, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call, query, found, view=lambda one: _summary_view(one, call), position=lambda one: one.id
        )

    async def list_my_questions(self, call: RequestContext) -> MyQuestionsView:
        """List the questions that you asked while logged in."""
        mine = await self.question_service.list_by_account(call.principal.id)
        return MyQuestionsView(items=[_summary_view(one, call) for one in mine])

    async def get_question(self, call: RequestContext) -> SupportQuestionView:
        """Get the state of a question and its answer. Its id, which only the author has, works as a key."""
        found = await self.question_service.get_status(call.path["question_id"])
        return SupportQuestionView(**_summary_view(found.question, call).model_dump(), answer=found.answer)

    async def get_question_contents(self, call: RequestContext) -> QuestionContentsView:
        """Get the text of a question, as staff. A customer who asked while logged in sees the access."""
        return _contents_view(
            await self.question_service.read(call.path["question_id"], by=get_staff_member(call), at=call.now), call
        )

    async def answer_question(self, call: RequestContext, body: QuestionAnswerBody) -> QuestionSummaryView:
        """Answer a question by email."""
        answered = await self.question_service.answer_question(
            call.path["question_id"], body.text, by=get_staff_member(call), at=call.now
        )
        return _summary_view(answered, call)


def _summary_view(question: StoredQuestion, call: RequestContext) -> QuestionSummaryView:
    return QuestionSummaryView(
        question_id=question.id,
        topic=question.topic,
        channel=question.channel,
        state=question.state,
        is_overdue=question.answered_at is None and call.now >= question.answer_due_at,
        created_at=rfc3339(question.created_at),
        answer_due_at=rfc3339(question.answer_due_at),
        answered_at=rfc3339(question.answered_at) if question.answered_at else None,
    )


def _contents_view(found: QuestionContents, call: RequestContext) -> QuestionContentsView:
    return QuestionContentsView(
        **_summary_view(found.question, call).model_dump(),
        answer=found.answer,
        text=found.text,
        email=found.email,
        account_id=None if found.question.anonymous else found.question.subject_id,
    )

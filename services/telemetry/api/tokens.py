"""The question, the public keys, and the tokens of a yes."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.telemetry.api.fields import Bytes32, QuestionVersion, WeekName
from services.telemetry.domain import QUESTION, TOKEN_WEEKS, Program, decode_bytes, encode_bytes
from services.telemetry.errors import (
    InstallationsExceededError,
    InvalidBlindedElementError,
    ProgramUnavailableError,
    QuestionOutdatedError,
    TokenWeekNotOpenError,
)
from services.telemetry.service import TokenIssuer
from shared.web import ANONYMOUS, JsonBody, RateLimit, RequestContext, Route, View, get, post

MAX_TOKENS_BYTES = 4 * 1024


class BlindedElement(JsonBody):
    """The blinded number of one week (RFC 9497, Blind): 32 bytes in base64url."""

    week: WeekName
    blinded: Bytes32


class TokensBody(JsonBody):
    """A person said yes to this version of the question; one blinded number for each of the coming weeks."""

    program: Program
    question_version: QuestionVersion
    elements: Annotated[list[BlindedElement], Field(min_length=1, max_length=TOKEN_WEEKS)]


class QuestionView(View):
    """The question that a person is asked before anything is collected."""

    version: int
    text: str
    collected: list[str]
    receiver_adds: list[str]


class TokenKeyView(View):
    """The public key of a week: 32 bytes in base64url."""

    stream: str
    week: str
    public_key: str


class TokenKeysView(View):
    """The public keys of all weeks. Every device sees the same ones: compare before you trust a token."""

    question_version: int
    keys: list[TokenKeyView]


class EvaluationView(View):
    """The evaluation of a blinded number (RFC 9497, BlindEvaluate): 32 bytes, and its proof: 64 bytes."""

    week: str
    evaluated: str
    proof: str


class TokensView(View):
    """The evaluations, in the order of the request. Check each proof against the published key, then unblind."""

    evaluations: list[EvaluationView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensApi:
    """The handlers of the question and the tokens."""

    tokens: TokenIssuer
    limit: RateLimit

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/telemetry"
        return (
            get(f"{root}/question", self.get_question, access=ANONYMOUS, summary="Get the opt-in question"),
            get(f"{root}/keys", self.get_keys, access=ANONYMOUS, summary="Get the public keys of the tokens"),
            post(
                f"{root}/tokens",
                self.issue_tokens,
                access=ANONYMOUS,
                limit=self.limit,
                body_limit=MAX_TOKENS_BYTES,
                summary="Draw the tokens of an opt-in",
                errors=(
                    InstallationsExceededError,
                    InvalidBlindedElementError,
                    ProgramUnavailableError,
                    QuestionOutdatedError,
                    TokenWeekNotOpenError,
                ),
            ),
        )

    async def get_question(self, _call: RequestContext) -> QuestionView:
        """Get the current question, the data that a yes covers, and what the receiver adds."""
        return QuestionView(
            version=QUESTION.version,
            text=QUESTION.text,
            collected=list(QUESTION.collected),
            receiver_adds=list(QUESTION.receiver_adds),
        )

    async def get_keys(self, call: RequestContext) -> TokenKeysView:
        """Get the public keys of the weeks whose reports are accepted, of the running week and of the 13 after it."""
        keys = [
            TokenKeyView(stream=key.stream, week=key.week, public_key=encode_bytes(key.public_key))
            for key in self.tokens.list_keys(at=call.now)
        ]
        return TokenKeysView(question_version=QUESTION.version, keys=keys)

    async def issue_tokens(self, call: RequestContext, body: TokensBody) -> TokensView:
        """Evaluate blinded numbers of the coming weeks. Nothing is stored but a count.

        The server cannot recognize the tokens later, nor link two of them.
        """
        issued = await self.tokens.issue(
            body.program,
            body.question_version,
            [(element.week, decode_bytes(element.blinded)) for element in body.elements],
            address=call.client_address,
            at=call.now,
        )
        return TokensView(
            evaluations=[
                EvaluationView(
                    week=token.week, evaluated=encode_bytes(token.evaluated), proof=encode_bytes(token.proof)
                )
                for token in issued
            ]
        )

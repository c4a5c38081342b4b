"""Issues the one-week tokens of an installation whose person said yes. Stores counts only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.telemetry.domain import QUESTION, SCHEMAS, Calendar, Calendars, Program, Stream, network_of
from services.telemetry.errors import (
    InstallationsExceededError,
    InvalidBlindedElementError,
    ProgramUnavailableError,
    QuestionOutdatedError,
    TokenWeekNotOpenError,
)
from services.telemetry.ports import InvalidElementError, TokenKeys
from services.telemetry.store import Issuances
from shared.errors import FieldProblem

ADDRESS_KEY_BYTES = 32
_ISSUE_CALENDAR = Calendar()
"""Installations are counted by ISO week, in the demonstration too."""


class IssuedToken(NamedTuple):
    """The evaluation of the blinded element of one week, with the proof of its key."""

    week: str
    evaluated: bytes
    proof: bytes


class PublishedKey(NamedTuple):
    """The public key of one week."""

    stream: Stream
    week: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Evaluates blinded numbers under the keys of the coming weeks."""

    keys: TokenKeys
    issuances: Issuances
    calendars: Calendars
    max_installations: int
    """For each address and week."""
    random_bytes: Callable[[int], bytes]

    async def issue(
        self,
        program: Program,
        question_version: int,
        elements: Sequence[tuple[str, bytes]],
        *,
        address: str,
        at: datetime,
    ) -> list[IssuedToken]:
        """Return the evaluations of *elements*, pairs of week and blinded number, in their order.

        Raises ProgramUnavailableError, QuestionOutdatedError, TokenWeekNotOpenError, InvalidBlindedElementError and
        InstallationsExceededError.
        """
        if question_version != QUESTION.version:
            raise QuestionOutdatedError(f"The current question has version {QUESTION.version}.")
        stream = SCHEMAS[program].stream
        calendar = self.calendars.get(stream)
        if calendar is None:
            raise ProgramUnavailableError
        _check_weeks([week for week, _ in elements], calendar, at)
        # Evaluated before it is counted: a request with an invalid element uses up nothing.
        issued = [self._evaluate(place, stream, week, blinded) for place, (week, blinded) in enumerate(elements)]
        await self._count(address, at)
        return issued

    def list_keys(self, *, at: datetime) -> list[PublishedKey]:
        """Return the public keys of all weeks that a token can name now, by stream, the oldest first."""
        return [
            PublishedKey(
                stream,
                week.name,
                self.keys.get_public_key(stream=stream, question_version=QUESTION.version, week=week.name),
            )
            for stream, calendar in self.calendars.by_stream.items()
            for week in calendar.published_weeks(at)
        ]

    def _evaluate(self, place: int, stream: Stream, week: str, blinded: bytes) -> IssuedToken:
        try:
            found = self.keys.evaluate_element(blinded, stream=stream, question_version=QUESTION.version, week=week)
        except InvalidElementError:
            problem = FieldProblem(
                field=f"elements.{place}.blinded", code="element_invalid", message="is no element of ristretto255"
            )
            raise InvalidBlindedElementError(fields=(problem,)) from None
        return IssuedToken(week, found.element, found.proof)

    async def _count(self, address: str, at: datetime) -> None:
        week = _ISSUE_CALENDAR.week_at(at)
        counted = await self.issuances.count_one(
            week.name,
            network_of(address),
            limit=self.max_installations,
            new_key=self.random_bytes(ADDRESS_KEY_BYTES),
            expires_at=week.closed_at,
        )
        if not counted:
            raise InstallationsExceededError(retry_after=int((week.closed_at - at).total_seconds()) + 1)


def _check_weeks(names: Sequence[str], calendar: Calendar, at: datetime) -> None:
    open_weeks = {week.name for week in calendar.token_weeks(at)}
    problems = tuple(
        FieldProblem(
            field=f"elements.{place}.week",
            code="week_not_open" if name not in open_weeks else "week_repeated",
            message="is none of the weeks that follow the current one" if name not in open_weeks else "occurs twice",
        )
        for place, name in enumerate(names)
        if name not in open_weeks or name in names[:place]
    )
    if problems:
        raise TokenWeekNotOpenError(fields=problems)

"""Takes reports: checks lists, week and token of each, and hands those that pass to the ingest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.telemetry.domain import (
    QUESTION,
    SCHEMAS,
    Calendar,
    Calendars,
    Program,
    RefusalReason,
    Stream,
    Token,
    UsageReport,
    Week,
    decode_bytes,
    invalid_fields,
)
from services.telemetry.errors import (
    InvalidReportError,
    ProgramUnavailableError,
    ReportsRefusedError,
    TokenNotVerifiedError,
)
from services.telemetry.ports import TokenKeys
from services.telemetry.service.ingest import IncomingReport, ReportIngest
from services.telemetry.store import Reports
from shared.errors import FieldProblem

_REASON_TEXTS: Mapping[RefusalReason, str] = {
    RefusalReason.QUESTION_OUTDATED: "answers a question that is not the current one",
    RefusalReason.WEEK_IMPOSSIBLE: "names a week that does not exist",
    RefusalReason.WEEK_RUNNING: "names the week that is still running",
    RefusalReason.WEEK_FUTURE: "names a week that has not begun",
    RefusalReason.WEEK_TOO_OLD: "names a week older than the two that closed last",
    RefusalReason.WEEK_RELEASED: "names a week whose statistics are being released",
    RefusalReason.TOKEN_INVALID: "has a token that is not one of its week",
    RefusalReason.TOKEN_SPENT: "has a token that is spent",
}


@dataclass(frozen=True, slots=True)
class ReportBatch:
    """What became of the reports of one request."""

    accepted: int
    refused: Mapping[RefusalReason, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportService:
    """Takes the reports of closed weeks, each with a token that proves a live opt-in (C03)."""

    keys: TokenKeys
    reports: Reports
    ingest: ReportIngest
    calendars: Calendars

    async def submit(self, reports: Sequence[tuple[Token, UsageReport]], *, at: datetime) -> ReportBatch:
        """Store the reports that are acceptable; return how many, and the number of others by reason.

        Raises InvalidReportError when a value is not on its list, and ReportsRefusedError when none is acceptable.
        """
        _check_lists(reports)
        checked = [self._check(token, usage, at) for token, usage in reports]
        outcomes = await self.ingest.store_many([each for each in checked if isinstance(each, IncomingReport)])
        stored = iter(outcomes)
        refusals = [each if isinstance(each, RefusalReason) else next(stored) for each in checked]
        if all(refusals):
            raise ReportsRefusedError(fields=tuple(_problem(place, why) for place, why in enumerate(refusals) if why))
        refused = Counter(why for why in refusals if why is not None)
        return ReportBatch(len(refusals) - refused.total(), refused)

    async def delete_report(self, program: Program, token: Token, *, at: datetime) -> None:
        """Delete the report that spent *token*; its token stays spent, and a report that arrives later is refused.

        Raises TokenNotVerifiedError, and ProgramUnavailableError.
        """
        stream = SCHEMAS[program].stream
        calendar = self._get_calendar(stream)
        week = _find_week(token.week, calendar)
        if week is None or week not in calendar.accepted_weeks(at) or not self._verify(token, stream):
            raise TokenNotVerifiedError
        await self.reports.delete(token, week)

    def _check(self, token: Token, usage: UsageReport, at: datetime) -> "IncomingReport | RefusalReason":
        stream = SCHEMAS[Program(usage.program)].stream
        if token.question_version != QUESTION.version:
            return RefusalReason.QUESTION_OUTDATED
        calendar = self._get_calendar(stream)
        week = _find_week(token.week, calendar)
        if week is None:
            return RefusalReason.WEEK_IMPOSSIBLE
        if (refusal := _check_week(week, calendar, at)) is not None:
            return refusal
        if not self._verify(token, stream):
            return RefusalReason.TOKEN_INVALID
        return IncomingReport(week, token, usage)

    def _get_calendar(self, stream: Stream) -> Calendar:
        calendar = self.calendars.get(stream)
        if calendar is None:
            raise ProgramUnavailableError
        return calendar

    def _verify(self, token: Token, stream: Stream) -> bool:
        return self.keys.verify(
            decode_bytes(token.number),
            token.evaluation,
            stream=stream,
            question_version=token.question_version,
            week=token.week,
        )


def _find_week(name: str, calendar: Calendar) -> Week | None:
    try:
        return calendar.parse(name)
    except ValueError:
        return None


def _check_week(week: Week, calendar: Calendar, at: datetime) -> RefusalReason | None:
    if week in calendar.accepted_weeks(at):
        return None
    if week.closed_at <= at:
        return RefusalReason.WEEK_TOO_OLD
    return RefusalReason.WEEK_RUNNING if week.starts_at <= at else RefusalReason.WEEK_FUTURE


def _check_lists(reports: Sequence[tuple[Token, UsageReport]]) -> None:
    problems = tuple(
        FieldProblem(field=f"reports.{place}.{name}", code="not_on_list", message=wrong)
        for place, (_, usage) in enumerate(reports)
        for name, wrong in invalid_fields(usage)
    )
    if problems:
        raise InvalidReportError(fields=problems)


def _problem(place: int, reason: RefusalReason) -> FieldProblem:
    return FieldProblem(field=f"reports.{place}", code=reason.value, message=_REASON_TEXTS[reason])

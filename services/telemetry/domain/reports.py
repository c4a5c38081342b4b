"""Usage reports, the tokens that they carry, and the reasons to refuse one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """The coarse values of one installation in one week; nothing links it to another week."""

    program: str
    version: str
    os: str
    locale: str
    counters: Mapping[str, str]
    """Each feature of the program with the bucket of its count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A spent one-week token: a random number, and its evaluation under the key of the week (RFC 9497)."""

    question_version: int
    week: str
    number: str
    """The number, base64url: 32 random bytes that the device drew."""
    evaluation: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report with its token. No field of it has a finer time than the week."""

    stream: str
    token: Token
    usage: UsageReport
    week_closed_at: datetime


class RefusalReason(StrEnum):
    """Why a report that is well-formed is not stored. Each is counted; the report itself leaves nothing."""

    QUESTION_OUTDATED = "question_outdated"
    WEEK_IMPOSSIBLE = "week_impossible"
    WEEK_RUNNING = "week_running"
    WEEK_FUTURE = "week_future"
    WEEK_TOO_OLD = "week_too_old"
    WEEK_RELEASED = "week_released"
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - the name of a reason, not a secret
    TOKEN_SPENT = "token_spent"  # noqa: S105 - the name of a reason, not a secret

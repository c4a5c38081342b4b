"""Reports of misuse and of security problems: what they are about, and by when a person has answered (C28, C24)."""

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_TEXT = 10 * 1024
"""Bytes; room for an armoured PGP message of some pages."""
ANSWER_WITHIN = 3
"""Working days."""
LOCK_LINK_LIFETIME = timedelta(hours=24)
KEPT = timedelta(days=365)


class ReportKind(StrEnum):
    """What is reported."""

    UNAUTHORISED_USE = "unauthorised_use"
    SECURITY_PROBLEM = "security_problem"
    ASKED_FOR_PASSWORD = "asked_for_password"  # noqa: S105 - the name of a report, not a secret


class ReportState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


def target_of(received_at: datetime) -> datetime:
    """Return by when the case is to be answered: three working days, Saturdays and Sundays not counted."""
    target, left = received_at, ANSWER_WITHIN
    while left:
        target += timedelta(days=1)
        left -= target.weekday() < 5
    return target


def armoured(text: str) -> bool:
    """Tell whether *text* is a PGP message that only the security people can open."""
    stripped = text.strip()
    return stripped.startswith("-----BEGIN PGP MESSAGE-----") and stripped.endswith("-----END PGP MESSAGE-----")

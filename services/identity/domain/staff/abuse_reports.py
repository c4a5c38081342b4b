"""Abuse reports: kinds, states and the deadline of an answer (C28, C24)."""

from datetime import datetime, timedelta
from enum import StrEnum

MAX_TEXT_BYTES = 10 * 1024
"""Enough for an armoured PGP message of some pages."""
ANSWER_WORKING_DAYS = 3
"""Without Saturdays and Sundays."""
LOCK_TOKEN_LIFETIME = timedelta(hours=24)
ABUSE_REPORT_RETENTION = timedelta(days=365)


class AbuseReportKind(StrEnum):
    """What is reported."""

    UNAUTHORIZED_USE = "unauthorized_use"
    SECURITY_PROBLEM = "security_problem"
    PASSWORD_PHISHING = "password_phishing"  # noqa: S105 - the name of a report, not a secret


class AbuseReportState(StrEnum):
    """The states of a report."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


def answer_deadline(received_at: datetime) -> datetime:
    """Return the deadline of the answer: three working days."""
    target, left = received_at, ANSWER_WORKING_DAYS
    while left:
        target += timedelta(days=1)
        left -= target.weekday() < 5
    return target


def is_pgp_message(text: str) -> bool:
    """Return whether *text* is a PGP message, which only the security team can decrypt."""
    stripped = text.strip()
    return stripped.startswith("-----BEGIN PGP MESSAGE-----") and stripped.endswith("-----END PGP MESSAGE-----")

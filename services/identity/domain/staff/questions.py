"""Questions to customer service: topics, channels, states and times (C30, C26, C27)."""

from datetime import timedelta
from enum import StrEnum

QUESTION_RETENTION = timedelta(days=180)
"""A question serves its answer; after half a year it is deleted."""
MAX_QUESTION_BYTES = 10 * 1024


class QuestionTopic(StrEnum):
    """What a question asks for."""

    GENERAL = "general"
    CORRECTION = "correction"
    """Correct or update what we hold (C26)."""
    CANCEL_PASSWORD = "cancel_password"  # noqa: S105 - the name of a topic, not a secret
    """Cancel the password of an account (C27)."""


class QuestionChannel(StrEnum):
    """How a question arrived."""

    FORM = "form"
    MAIL = "mail"
    PHONE = "phone"


class QuestionState(StrEnum):
    """The states of a question."""

    OPEN = "open"
    ANSWERED = "answered"

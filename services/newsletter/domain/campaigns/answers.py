"""What the answers of the relay mean for a campaign, and when they stop it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.newsletter.domain.campaigns.campaigns import StopReason

WINDOW = 500
MAX_SOFT = WINDOW * 20 // 100
MAX_BLOCKED = WINDOW * 2 // 100
_ABOUT_THE_ADDRESS = ("5.1.", "5.2.1", "5.2.0", "5.4.4")
"""Bad destination, mailbox disabled or unspecified mailbox status, no route to the domain (RFC 3463)."""
_FULL = "5.2.2"


class AnswerKind(StrEnum):
    """What an answer says, and about whom."""

    ACCEPTED = "accepted"
    SOFT = "soft"
    """Not now."""
    HARD = "hard"
    """Never, because of the address."""
    BLOCKED = "blocked"
    """Never, because of us: policy, block list, authentication, size. It says nothing about the address."""


def classify_answer(code: int, enhanced: str) -> AnswerKind:
    """Return what the reply *code* with its *enhanced* code means.

    The enhanced code decides where there is one. Without one a 5xx to a recipient is about the address, except 554,
    which block lists give; 552 is about the size, or a full mailbox.
    """
    if 200 <= code < 300:
        return AnswerKind.ACCEPTED
    if not 500 <= code < 600 or enhanced == _FULL:
        return AnswerKind.SOFT
    if enhanced:
        return AnswerKind.HARD if enhanced.startswith(_ABOUT_THE_ADDRESS) else AnswerKind.BLOCKED
    return AnswerKind.HARD if code in (550, 551, 553) else AnswerKind.BLOCKED


@dataclass(frozen=True, slots=True)
class StopVerdict:
    """Why a campaign must pause."""

    reason: StopReason
    detail: str


def judge_answers(newest: Iterable[AnswerKind]) -> StopVerdict | None:
    """Return why a campaign with these *newest* answers, at most 500, must pause; None when it may go on.

    The limits are counts, so a small campaign that is refused everywhere stops as well.
    """
    kinds = list(newest)[-WINDOW:]
    blocked, soft = kinds.count(AnswerKind.BLOCKED), kinds.count(AnswerKind.SOFT)
    if blocked >= MAX_BLOCKED:
        return StopVerdict(StopReason.BLOCKED, f"{blocked} of the last {len(kinds)} answers refused us")
    if soft >= MAX_SOFT:
        return StopVerdict(StopReason.SOFT_REFUSALS, f"{soft} of the last {len(kinds)} answers were temporary refusals")
    return None

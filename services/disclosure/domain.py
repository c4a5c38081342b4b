"""What cases, notices, ledger entries, agreements and promise results are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Ground(StrEnum):
    """Why the policy allows a disclosure (C16 a, b, c)."""

    LAW = "law"
    RIGHTS = "rights"
    EMERGENCY = "emergency"


class CaseState(StrEnum):
    """Where a case stands; it is closed only when every affected account has been told."""

    OPEN = "open"
    NOTIFYING = "notifying"
    CLOSED = "closed"


class NoticeState(StrEnum):
    """Where the notice of one account stands; the last two are final."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"


FINAL = frozenset({NoticeState.DELIVERED, NoticeState.UNDELIVERABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One disclosure: on what ground, to whom, which fields; the set of accounts is frozen when it is opened."""

    case_id: str
    ground: Ground
    requester: str
    reference: str
    fields: tuple[str, ...]
    state: CaseState
    affected: int
    opened_by: str
    opened_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None

    def may_be_approved_by(self, person: str) -> bool:
        """Tell whether *person* is the second person (C21)."""
        return person != self.opened_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one affected account is told, and whether it has arrived."""

    case_id: str
    account_id: str
    state: NoticeState
    mail_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry of the ledger: who saw whose data, which fields, what for, on what basis."""

    entry_id: str
    account_id: str
    reader_kind: str
    reader_id: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    shown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a partner may do for us, with which fields, until when (C13)."""

    agreement_id: str
    partner: str
    function: str
    purposes: tuple[str, ...]
    scopes: tuple[str, ...]
    fields: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Tell whether access is allowed *at* that time."""
        return self.starts_at <= at < (self.ended_at or self.ends_at)

    def covers(self, entry: Shown) -> bool:
        """Tell whether what was shown is within the fields, the purposes and the dates."""
        return (
            self.in_force(entry.shown_at) and set(entry.fields) <= set(self.fields) and entry.purpose in self.purposes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a probe of one service last saw of a promise."""

    promise_id: str
    service: str
    state: str
    looked_at: int
    evidence: str
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a promise stands, over all services that look at it."""

    promise_id: str
    state: str
    results: tuple[Result, ...]


def standing(promise_id: str, results: Iterable[Result], *, at: datetime, silence: timedelta) -> Standing:
    """Combine *results*: broken if one is, unknown if one is or has been silent, kept only when all are kept."""
    known = tuple(sorted(results, key=lambda result: result.service))
    states = {"unknown" if at - result.checked_at > silence else result.state for result in known}
    worst = next((state for state in ("broken", "unknown", "kept") if state in states), "unknown")
    return Standing(promise_id=promise_id, state=worst, results=known)

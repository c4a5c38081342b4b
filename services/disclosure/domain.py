"""What cases, notices, ledger entries, agreements and promise results are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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


class NoticeProof(StrEnum):
    """Why a notice is final: what was seen that shows the account was told, or cannot be."""

    RELAY_ACCEPTED = "relay_accepted"
    RELAY_REJECTED = "relay_rejected"
    NEVER_ACCEPTED = "never_accepted"
    ACCOUNT_NOT_FOUND = "account_not_found"


class NoticeState(StrEnum):
    """Where the notice of one account stands; the last two are final."""

    PENDING = "pending"
    SENDING = "sending"
    RELAYED = "relayed"
    FAILED = "failed"


FINAL_NOTICE_STATES = frozenset({NoticeState.RELAYED, NoticeState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One disclosure: on what ground, to whom, which fields; the set of accounts is frozen when it is opened."""

    case_id: str
    ground: Ground
    requester: str
    reference: str
    fields: tuple[str, ...]
    state: CaseState
    affected_count: int
    opened_by: str
    opened_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None

    def may_be_approved_by(self, person: str) -> bool:
        """Tell whether *person* is the second person (C21)."""
        return person != self.opened_by


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNotice:
    """What one affected account is told, and whether it has arrived."""

    case_id: str
    account_id: str
    state: NoticeState
    mail_id: str | None = None
    attempts: int = 0
    proof: NoticeProof | None = None
    completed_at: datetime | None = None


def all_notified(case: Case, counts: Mapping[NoticeState, int]) -> bool:
    """Tell whether every affected account has a notice in a final state: one missing is one not told."""
    return sum(counts.get(state, 0) for state in FINAL_NOTICE_STATES) == case.affected_count == sum(counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One entry of the ledger: who saw whose data, which fields, what for, on what basis."""

    entry_id: str
    account_id: str
    recipient_kind: str
    recipient_id: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    accessed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedAccess:
    """A read that was refused because the field does not carry the purpose (C06)."""

    denial_id: str
    account_id: str
    recipient_kind: str
    recipient_id: str
    fields: tuple[str, ...]
    purpose: str
    denied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAgreement:
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

    def is_active(self, at: datetime) -> bool:
        """Tell whether access is allowed *at* that time."""
        return self.starts_at <= at < min(self.ended_at or self.ends_at, self.ends_at)

    def covers_access(self, entry: AccessEntry) -> bool:
        """Tell whether what was shown is within the fields, the purposes and the dates."""
        return (
            self.is_active(entry.accessed_at)
            and set(entry.fields) <= set(self.fields)
            and entry.purpose in self.purposes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a probe of one service last saw of a promise."""

    promise_id: str
    service: str
    state: str
    sample_size: int
    evidence: str
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseStatus:
    """Where a promise stands, over all services that look at it."""

    promise_id: str
    state: str
    results: tuple[ProbeResult, ...]


def combine_results(
    promise_id: str, results: Iterable[ProbeResult], *, expected: Iterable[str], at: datetime, stale_after: timedelta
) -> PromiseStatus:
    """Combine *results*: broken if one is; unknown if one is, was silent, or never came from an *expected* service."""
    fresh_results = tuple(
        _expire_if_stale(result, at, stale_after) for result in sorted(results, key=lambda result: result.service)
    )
    states = {result.state for result in fresh_results}
    if set(expected) - {result.service for result in fresh_results}:
        states.add("unknown")
    worst = next((state for state in ("broken", "unknown", "kept") if state in states), "unknown")
    return PromiseStatus(promise_id=promise_id, state=worst, results=fresh_results)


def _expire_if_stale(result: ProbeResult, at: datetime, stale_after: timedelta) -> ProbeResult:
    """Return *result*, or what is left of it when its service has been silent: nothing is known then."""
    if at - result.checked_at <= stale_after:
        return result
    return replace(result, state="unknown", evidence="no word from its probe for too long")

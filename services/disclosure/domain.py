"""Cases, notices, access entries, partner agreements and promise results."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Ground(StrEnum):
    """The legal ground of a disclosure (policy C16 a, b, c)."""

    LAW = "law"
    RIGHTS = "rights"
    EMERGENCY = "emergency"


class CaseState(StrEnum):
    """The state of a case. It closes once every affected account has a final notice."""

    OPEN = "open"
    NOTIFYING = "notifying"
    CLOSED = "closed"
    REFUSED = "refused"
    """By a second person; nothing was handed over."""
    WITHDRAWN = "withdrawn"
    """By the opener, before the approval."""


class NoticeProof(StrEnum):
    """The evidence that makes a notice final: the account was notified, or cannot be reached."""

    RELAY_ACCEPTED = "relay_accepted"
    RELAY_REJECTED = "relay_rejected"
    NEVER_ACCEPTED = "never_accepted"
    ACCOUNT_NOT_FOUND = "account_not_found"


class NoticeState(StrEnum):
    """The state of the notice to one account; RELAYED and FAILED are final."""

    PENDING = "pending"
    SENDING = "sending"
    RELAYED = "relayed"
    FAILED = "failed"


FINAL_NOTICE_STATES = frozenset({NoticeState.RELAYED, NoticeState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A disclosure to an authority. The affected accounts are fixed when the case is opened."""

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
    """When the last notice became final, or the case was refused or withdrawn."""
    ended_by: str | None = None
    """Who refused or withdrew it."""
    end_reason: str = ""

    def may_be_approved_by(self, person: str) -> bool:
        """Whether *person* may approve: anyone but the opener (four-eyes principle, C21)."""
        return person != self.opened_by


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNotice:
    """The notice to one affected account and its delivery state."""

    case_id: str
    account_id: str
    state: NoticeState
    mail_id: str | None = None
    attempts: int = 0
    proof: NoticeProof | None = None
    completed_at: datetime | None = None


def all_notified(case: Case, counts: Mapping[NoticeState, int]) -> bool:
    """Whether every affected account has a final notice; a missing notice counts as not notified."""
    return sum(counts.get(state, 0) for state in FINAL_NOTICE_STATES) == case.affected_count == sum(counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One access to personal data: recipient, account, fields, purpose and legal basis."""

    entry_id: str
    account_id: str
    recipient_kind: str
    recipient_id: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    accessed_at: datetime

    def to_json(self) -> str:
        """Return the entry in one spelling: members in order, no blanks, times in UTC."""
        members = {**asdict(self), "accessed_at": _spell_time(self.accessed_at)}
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


SALT_SIZE = 16
"""Bytes of the salt of a leaf: 128 bits, so that a commitment to a guessable entry cannot be tried out."""
LEAF_VERSION = b"candor.ledger/v1\n"


def build_leaf(salt: bytes, content: str) -> bytes:
    """Return the leaf of the transparency log for *content*: a salted commitment, which says nothing without the salt.

    Salt and content can be erased; the leaf stays and is then a random number.
    """
    return LEAF_VERSION + hashlib.sha256(salt + content.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """An access entry, its salt, and its index in the log; None while it waits for its turn."""

    entry: AccessEntry
    salt: bytes
    index: int | None

    @property
    def leaf(self) -> bytes:
        """Return its leaf."""
        return build_leaf(self.salt, self.entry.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedAccess:
    """An access that was denied because the field does not allow the purpose (C06)."""

    denial_id: str
    account_id: str
    recipient_kind: str
    recipient_id: str
    fields: tuple[str, ...]
    purpose: str
    denied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAgreement:
    """The purposes, scopes and fields that a partner may use, and for how long (C13)."""

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
        """Whether the agreement allows access *at* that time."""
        return self.starts_at <= at < min(self.ended_at or self.ends_at, self.ends_at)

    def covers_access(self, entry: AccessEntry) -> bool:
        """Whether the access is within the fields, purposes and dates of the agreement."""
        return (
            self.is_active(entry.accessed_at)
            and set(entry.fields) <= set(self.fields)
            and entry.purpose in self.purposes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The latest result of one service's probe of a promise."""

    promise_id: str
    service: str
    state: str
    sample_size: int
    evidence: str
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseStatus:
    """The combined state of a promise over all services that probe it."""

    promise_id: str
    state: str
    results: tuple[ProbeResult, ...]


def combine_results(
    promise_id: str, results: Iterable[ProbeResult], *, expected: Iterable[str], at: datetime, stale_after: timedelta
) -> PromiseStatus:
    """Combine *results*: broken if one is; unknown if one is, is stale, or is missing from an *expected* service."""
    fresh_results = tuple(
        _expire_if_stale(result, at, stale_after) for result in sorted(results, key=lambda result: result.service)
    )
    states = {result.state for result in fresh_results}
    if set(expected) - {result.service for result in fresh_results}:
        states.add("unknown")
    worst = next((state for state in ("broken", "unknown", "kept") if state in states), "unknown")
    return PromiseStatus(promise_id=promise_id, state=worst, results=fresh_results)


def _expire_if_stale(result: ProbeResult, at: datetime, stale_after: timedelta) -> ProbeResult:
    """Return *result*, or an unknown one when it is older than *stale_after*."""
    if at - result.checked_at <= stale_after:
        return result
    return replace(result, state="unknown", evidence="the probe has not reported recently")


def _spell_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

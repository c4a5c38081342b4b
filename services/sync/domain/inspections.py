"""Inspections: in rare cases staff see file names and client state files, and nothing else (C12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.sync.errors import InspectionNotOpenError, NotInspectionRequesterError
from shared.errors import FourEyesError

INSPECTION_DURATION = timedelta(hours=1)
"""How long an approved inspection may access data."""
APPROVAL_TIMEOUT = timedelta(hours=24)
"""How long a request waits for its approval."""
CLIENT_STATE_SUFFIX = ".client"
"""The suffix of files in which sync clients store their state in plain text for support."""


class InspectionScope(StrEnum):
    """What an access showed. There is deliberately no value for contents."""

    NAMES = "names"
    CLIENT_STATE = "client_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Staff access to the tree of *account*, requested with a *reason* and approved by a second person."""

    id: str
    account: str
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    """When the request expires, and once approved, when the access expires."""
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended_at: datetime | None = None
    access_count: int = 0

    def approve(self, *, by: str, at: datetime) -> "Inspection":
        """Return it approved by a second person."""
        if self.approved_by is not None or self.is_over(at):
            raise InspectionNotOpenError
        if by == self.requested_by:
            raise FourEyesError
        return replace(self, approved_by=by, approved_at=at, expires_at=at + INSPECTION_DURATION)

    def record_access(self, *, by: str, at: datetime) -> "Inspection":
        """Return it with one more access by its requester."""
        if by != self.requested_by:
            raise NotInspectionRequesterError
        if self.approved_by is None or self.is_over(at):
            raise InspectionNotOpenError
        return replace(self, access_count=self.access_count + 1)

    def has_two_people(self) -> bool:
        """Tell whether two different people opened it."""
        return self.approved_by is not None and self.approved_at is not None and self.approved_by != self.requested_by

    def exceeds_max_duration(self) -> bool:
        """Tell whether its access lasts longer than allowed."""
        return self.approved_at is not None and self.expires_at - self.approved_at > INSPECTION_DURATION

    def is_overdue(self, at: datetime) -> bool:
        """Tell whether it has expired by *at* without having been ended: the customer is informed at its end."""
        return self.ended_at is None and self.expires_at <= at

    def allows(self, access: "InspectionAccess") -> bool:
        """Tell whether *access* was made by the requester while the inspection was open."""
        if self.approved_at is None or access.by != self.requested_by or access.account != self.account:
            return False
        return self.approved_at <= access.at < self.expires_at

    def is_over(self, at: datetime) -> bool:
        """Tell whether it has ended or expired."""
        return self.ended_at is not None or at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionAccess:
    """One access: by whom, when, to what; *node* is the folder or the state file."""

    id: str
    inspection: str
    account: str
    by: str
    at: datetime
    scope: str
    node: str

"""Inspections: in rare cases staff look at names and at the state files of clients, and at nothing else (C12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.sync.errors import InspectionNotOpenError, NotInspectionRequesterError
from shared.errors import FourEyesError

INSPECTION_DURATION = timedelta(hours=1)
"""How long an approved inspection may look."""
APPROVAL_TIMEOUT = timedelta(hours=24)
"""How long it waits for the second person."""
CLIENT_STATE_SUFFIX = ".client"
"""The ending of the files in which sync clients keep their state, in the clear, for this purpose."""


class InspectionScope(StrEnum):
    """What may be seen; there is no word for contents."""

    NAMES = "names"
    CLIENT_STATE = "client_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One look into the tree of *account*: asked for with a *reason*, approved by another person, ended by its end."""

    id: str
    account: str
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    """Until when it waits for the second person, then until when it may look."""
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
        """Return it after one more look by who asked for it."""
        if by != self.requested_by:
            raise NotInspectionRequesterError
        if self.approved_by is None or self.is_over(at):
            raise InspectionNotOpenError
        return replace(self, access_count=self.access_count + 1)

    def has_two_people(self) -> bool:
        """Tell whether two people opened it."""
        return self.approved_by is not None and self.approved_at is not None and self.approved_by != self.requested_by

    def exceeds_max_duration(self) -> bool:
        """Tell whether it may look for longer than it may be allowed to."""
        return self.approved_at is not None and self.expires_at - self.approved_at > INSPECTION_DURATION

    def is_overdue(self, at: datetime) -> bool:
        """Tell whether it reached its end by *at* and was not ended: its owner is told at its end."""
        return self.ended_at is None and self.expires_at <= at

    def allows(self, access: "InspectionAccess") -> bool:
        """Tell whether *look* was made by who might, while it was open."""
        if self.approved_at is None or access.by != self.requested_by or access.account != self.account:
            return False
        return self.approved_at <= access.at < self.expires_at

    def is_over(self, at: datetime) -> bool:
        """Tell whether it has ended."""
        return self.ended_at is not None or at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionAccess:
    """One look: by whom, when, at what; *node* is the folder or the state file."""

    id: str
    inspection: str
    account: str
    by: str
    at: datetime
    scope: str
    node: str

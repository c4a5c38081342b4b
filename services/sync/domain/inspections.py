"""Inspections: in rare cases staff look at names and at the state files of clients, and at nothing else (C12)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.sync.errors import InspectionNotOpenError, InspectionNotYoursError, SamePersonError

OPEN_FOR = timedelta(hours=1)
"""How long an approved inspection may look."""
WAITS_FOR = timedelta(hours=24)
"""How long it waits for the second person."""
CLIENT_STATE = ".client"
"""The ending of the files in which sync clients keep their state, in the clear, for this purpose."""


class Sight(StrEnum):
    """What may be seen; there is no word for contents."""

    NAMES = "names"
    CLIENT_STATE = "client_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One look into the tree of *account*: asked for with a *reason*, approved by another person, ended by its end."""

    id: str
    account: str
    reason: str
    asked_by: str
    asked_at: datetime
    ends_at: datetime
    """Until when it waits for the second person, then until when it may look."""
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended_at: datetime | None = None
    looks: int = 0

    def approved(self, *, by: str, at: datetime) -> "Inspection":
        """Return it approved by a second person."""
        if self.approved_by is not None or self.over(at):
            raise InspectionNotOpenError
        if by == self.asked_by:
            raise SamePersonError
        return replace(self, approved_by=by, approved_at=at, ends_at=at + OPEN_FOR)

    def looked(self, *, by: str, at: datetime) -> "Inspection":
        """Return it after one more look by who asked for it."""
        if by != self.asked_by:
            raise InspectionNotYoursError
        if self.approved_by is None or self.over(at):
            raise InspectionNotOpenError
        return replace(self, looks=self.looks + 1)

    def by_two(self) -> bool:
        """Tell whether two people opened it."""
        return self.approved_by is not None and self.approved_at is not None and self.approved_by != self.asked_by

    def too_long(self) -> bool:
        """Tell whether it may look for longer than it may be allowed to."""
        return self.approved_at is not None and self.ends_at - self.approved_at > OPEN_FOR

    def overdue(self, at: datetime) -> bool:
        """Tell whether it reached its end by *at* and was not ended: its owner is told at its end."""
        return self.ended_at is None and self.ends_at <= at

    def allows(self, look: "Look") -> bool:
        """Tell whether *look* was made by who might, while it was open."""
        if self.approved_at is None or look.by != self.asked_by or look.account != self.account:
            return False
        return self.approved_at <= look.at < self.ends_at

    def over(self, at: datetime) -> bool:
        """Tell whether it has ended."""
        return self.ended_at is not None or at >= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: by whom, when, at what; *node* is the folder or the state file."""

    id: str
    inspection: str
    account: str
    by: str
    at: datetime
    sight: str
    node: str

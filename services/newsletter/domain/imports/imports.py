"""An import: a file of contacts, what staff decided about it, and its progress."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ImportState(StrEnum):
    """The state of an import."""

    READING = "reading"
    READY = "ready"
    """Read as a whole; staff decide what is done with it."""
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class ImportAction(StrEnum):
    """What is done with the active contacts of a file. No file subscribes anybody; those who left are suppressed."""

    INVITE = "invite"
    """Each gets one email that asks for a double opt-in."""
    SUPPRESS = "suppress"
    """None gets an email of this list again."""


class ContactOutcome(StrEnum):
    """What became of a contact."""

    INVITED = "invited"
    SUPPRESSED = "suppressed"
    SUBSCRIBED_BEFORE = "subscribed_before"
    SUPPRESSED_BEFORE = "suppressed_before"
    """It had left before, or its address had failed; no file brings it back (C06)."""
    INVITED_BEFORE = "invited_before"
    """One invitation for each address and list, whichever file names it."""
    REFUSED = "refused"
    """The address turned out to be invalid, or is one of our own."""


ImportCounts = Mapping[ContactOutcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that cannot be used: file, line and reason, never its text."""

    file: str
    line: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDecision:
    """What staff decided, and why: it is stored as the origin of each invitation."""

    action: ImportAction
    reason: str
    origin: str
    staff_id: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactImport:
    """One uploaded file."""

    import_id: str
    list_id: str
    state: ImportState
    contact_count: int
    suppressed_count: int
    """How many contacts the file itself says have left or failed."""
    refused_count: int
    refused_rows: tuple[RefusedRow, ...]
    """The first of them."""
    decision: ImportDecision | None
    counts: ImportCounts
    created_at: datetime
    finished_at: datetime | None

    @property
    def processed_count(self) -> int:
        """How many contacts have their outcome."""
        return sum(self.counts.values())

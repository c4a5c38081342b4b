"""What a person may ask of all services at once: everything that is held (C26), and its erasure (C31)."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from shared.registry import get_registry

OWN_SERVICE = "identity"
SERVICES = get_registry().with_personal_data
"""The services that take part in exports and erasures."""
OTHER_SERVICES = tuple(service for service in SERVICES if service != OWN_SERVICE)

REQUEST_DEADLINE = timedelta(days=30)
"""What we promise ourselves; ``deadline_of`` is never later than the law."""
CCPA_DEADLINE = timedelta(days=45)
CHILD_DEADLINE = timedelta(days=3)
"""What was collected from a child is erased at once; a service that is away has this long to come back."""
REMINDER_LEAD_TIME = timedelta(days=5)
"""How long before its deadline staff is reminded of a request."""
POST_HOLD_GRACE = timedelta(days=3)
"""How long an erasure may still take once nothing holds it any more."""
ERASURE_LEDGER_RETENTION = timedelta(days=200)
"""Longer than any backup is kept (C19): whatever comes back from one is known to be erased."""
ARCHIVE_LIFETIME = timedelta(days=7)
RESEND_INTERVAL = timedelta(minutes=5)
"""A service that was not there when an erasure was asked for hears of it again."""


class ExportState(StrEnum):
    """Where an export stands."""

    COLLECTING = "collecting"
    READY = "ready"
    EXPIRED = "expired"


class RequestPartState(StrEnum):
    """Where one service's part of a request stands."""

    PENDING = "pending"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"


class ErasureState(StrEnum):
    """Where an erasure stands."""

    RUNNING = "running"
    ON_HOLD = "on_hold"
    """Something must be kept for now; the person was told what, why and until when."""
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedItem:
    """Something that had to be kept: what and why, told to the person."""

    description: str
    reason: str
    until: datetime | None = None


def request_deadline(received_at: datetime) -> datetime:
    """Return by when a request is answered: the month of GDPR article 12, the 45 days of CCPA, our 30; what is first.

    A month ends on the day with the same number, or on the last one where there is none (Regulation 1182/71).
    """
    year, month = received_at.year + received_at.month // 12, received_at.month % 12 + 1
    day = min(received_at.day, calendar.monthrange(year, month)[1])
    return min(
        received_at.replace(year=year, month=month, day=day),
        received_at + CCPA_DEADLINE,
        received_at + REQUEST_DEADLINE,
    )


def backoff(failures: int) -> timedelta:
    """Return how long to leave a service alone that did not answer: 2, 4, 8 … seconds, at most 5 minutes."""
    return timedelta(seconds=min(2.0 ** min(failures, 9), 300.0))


def archive_path(service: str, path: str) -> str:
    """Return where a file of *service* stands in the archive: never absolute, never outside its folder."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    clean = ("".join(sign for sign in part if sign.isprintable() and sign != ":") for part in parts)
    # Looked at once it is clean: ":.." is ".." without its colon.
    safe_parts = [part for part in clean if part not in {"", "/", ".", ".."}]
    return "/".join([service, *(safe_parts or ["file"])])

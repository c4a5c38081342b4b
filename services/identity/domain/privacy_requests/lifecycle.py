"""The lifecycle of privacy requests: exports (C26) and erasures (C31) over all services."""

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
"""Our own deadline; ``request_deadline`` is never later than the law."""
CCPA_DEADLINE = timedelta(days=45)
CHILD_DEADLINE = timedelta(days=3)
"""A child's data is erased at once. A service that is down has this long to recover."""
REMINDER_LEAD_TIME = timedelta(days=5)
"""How long before its deadline staff is reminded of a request."""
POST_HOLD_GRACE = timedelta(days=3)
"""How long an erasure may take after its hold has ended."""
ERASURE_LEDGER_RETENTION = timedelta(days=200)
"""Longer than any backup is kept (C19), so that an erased account that a restore brings back is recognised."""
ARCHIVE_LIFETIME = timedelta(days=7)
RESEND_INTERVAL = timedelta(minutes=5)
"""How long until the request is published again to services without a receipt."""


_FORBIDDEN_SIGNS = {ord(sign): None if sign == ":" else "_" for sign in '<>:"|?*'}
_RESERVED_NAMES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{device}{number}" for device in ("COM", "LPT") for number in "0123456789¹²³"}
)
"""Devices of Windows: a file of such a name, with any extension, cannot be made there."""
_MAX_NAME_BYTES = 240


class ExportState(StrEnum):
    """The states of an export."""

    COLLECTING = "collecting"
    READY = "ready"
    EXPIRED = "expired"


class RequestPartState(StrEnum):
    """The states of one service's part of a request."""

    PENDING = "pending"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"


class ErasureState(StrEnum):
    """The states of an erasure."""

    RUNNING = "running"
    ON_HOLD = "on_hold"
    """A hold retains some data for now. The owner was told what, why and until when."""
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedItem:
    """Data that must be retained, as it is described to the owner."""

    description: str
    reason: str
    until: datetime | None = None


def request_deadline(received_at: datetime) -> datetime:
    """Return the deadline of a request: a month (GDPR, article 12), 45 days (CCPA) or our 30 days, whichever is first.

    A month ends on the day with the same number, or on its last day if it has no such day (Regulation 1182/71).
    """
    year, month = received_at.year + received_at.month // 12, received_at.month % 12 + 1
    day = min(received_at.day, calendar.monthrange(year, month)[1])
    return min(
        received_at.replace(year=year, month=month, day=day),
        received_at + CCPA_DEADLINE,
        received_at + REQUEST_DEADLINE,
    )


def archive_path(service: str, path: str) -> str:
    """Return the path of a file in the archive: relative, in the folder of *service*, and one that Windows can open."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    safe_parts = [clean for part in parts if part not in {"/", ".", ".."} if (clean := _clean_name(part))]
    return "/".join([service, *(safe_parts or ["file"])])


def _clean_name(name: str) -> str:
    """Return *name* without what Windows forbids in names; empty if nothing is left."""
    printable = "".join(sign for sign in name if sign.isprintable())
    plain = printable.translate(_FORBIDDEN_SIGNS).rstrip(". ")
    if plain.partition(".")[0].rstrip().upper() in _RESERVED_NAMES:
        plain = f"_{plain}"
    # By bytes, as other file systems count: the end stays, which says what kind of file it is.
    while len(plain.encode()) > _MAX_NAME_BYTES:
        plain = plain[: len(plain) // 2 - 1] + plain[len(plain) // 2 :]
    return plain

"""What a person may ask of all services at once: everything that is held (C26), and its erasure (C31)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePosixPath

SERVICES = ("identity", "newsletter", "sync", "payments", "telemetry", "disclosure")
OTHERS = SERVICES[1:]

DEADLINE = timedelta(days=30)
"""The shorter of the month of GDPR article 12 and the 45 days of CCPA, counted from receipt."""
ARCHIVE_LIFETIME = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(minutes=5)
"""A service that was not there when an erasure was asked for hears of it again."""


class ExportState(StrEnum):
    """Where an export stands."""

    COLLECTING = "collecting"
    READY = "ready"
    EXPIRED = "expired"


class PartState(StrEnum):
    """Where one service's part of a request stands."""

    WAITING = "waiting"
    DONE = "done"


class ErasureState(StrEnum):
    """Where an erasure stands."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that had to be kept: what and why, told to the person."""

    what: str
    why: str


def pause_after(failures: int) -> timedelta:
    """Return how long to leave a service alone that did not answer: 2, 4, 8 … seconds, at most 5 minutes."""
    return timedelta(seconds=min(2.0 ** min(failures, 9), 300.0))


def archive_path(service: str, path: str) -> str:
    """Return where a file of *service* stands in the archive: never absolute, never outside its folder."""
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    clean = ["".join(sign for sign in part if sign.isprintable() and sign != ":") for part in parts]
    return "/".join([service, *(part for part in clean if part)] if any(clean) else [service, "file"])

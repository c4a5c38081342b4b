"""The result of the last card number scan of a stack: a file that the scan writes and a probe of C18 reads."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from shared.clock import rfc3339
from shared.promises.probe import Finding, broken_finding, kept_finding

FILE_NAME = "card-scan.json"
MAX_AGE = timedelta(hours=24)
"""The age after which a result says nothing about the present."""
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScanResult:
    """What a scan searched and where it found a card number; no digits but the last four of a number."""

    finished_at: datetime
    items: Mapping[str, int]
    """By place (such as "database journal"), how many files, documents or pages were searched."""
    size: int
    """Bytes searched."""
    found: tuple[str, ...]
    """One line for each find: place, file or collection, form."""

    def to_json(self) -> str:
        """Return the content of the file."""
        return json.dumps({**asdict(self), "finished_at": rfc3339(self.finished_at)}, indent=1) + "\n"

    @classmethod
    def read_file(cls, path: Path) -> Self | None:
        """Return the stored result; None when no scan has written one."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                finished_at=datetime.fromisoformat(stored["finished_at"]),
                items=stored["items"],
                size=stored["size"],
                found=tuple(stored["found"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def to_finding(self, at: datetime) -> Finding | None:
        """Return the finding for C18; None when the result is too old to count."""
        if not timedelta() <= at - self.finished_at + timedelta(minutes=1) <= MAX_AGE:
            return None
        count = sum(self.items.values())
        if self.found:
            places = sorted({line.partition(":")[0] for line in self.found})
            more = "" if len(places) <= _MAX_NAMED else f" and {len(places) - _MAX_NAMED} more places"
            return broken_finding(count, f"a card number is stored in: {', '.join(places[:_MAX_NAMED])}{more}")
        return kept_finding(
            count, f"scan of {rfc3339(self.finished_at)}: no card number in {len(self.items)} kinds of places"
        )

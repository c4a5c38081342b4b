"""Signs that the database was restored from a backup: what is sent since then would be sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherMark:
    """When campaigns were last dispatched."""

    seen_at: datetime
    data_epoch: str
    """The name of the data, which an operator changes after a restore."""


@dataclass(slots=True, kw_only=True)
class RestoreWatch:
    """Compares the stored mark with what this process knows. A database that a backup replaced has an older one."""

    longest_gap: timedelta
    data_epoch: str
    _newest: datetime | None = None
    """The newest mark that this process has seen."""

    def find_sign(self, stored: DispatcherMark | None, at: datetime) -> str | None:
        """Return why the data may come from a backup; None without a sign."""
        if stored is None:
            return None
        known, self._newest = self._newest, max(stored.seen_at, self._newest or stored.seen_at)
        if stored.data_epoch != self.data_epoch:
            return f"the data are {stored.data_epoch or 'unnamed'}, the settings say {self.data_epoch or 'unnamed'}"
        if known is not None and stored.seen_at < known:
            return f"the data are of {stored.seen_at:%Y-%m-%d %H:%M:%S}, after those of {known:%Y-%m-%d %H:%M:%S} UTC"
        if at - stored.seen_at > self.longest_gap:
            return f"nothing was sent from {stored.seen_at:%Y-%m-%d %H:%M} to {at:%Y-%m-%d %H:%M} UTC"
        return None

    def note_mark(self, at: datetime) -> None:
        """Note the mark that this process has written; older data than that are from a backup."""
        self._newest = at

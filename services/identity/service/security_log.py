"""The security log of an account, as its owner reads it."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.store import SecurityEvent, SecurityEvents
from shared.clock import rfc3339


@dataclass(frozen=True, slots=True)
class SecurityLog:
    """Shows owners what happened to their accounts."""

    events: SecurityEvents

    async def page(self, account_id: str, *, after: str | None, most: int) -> list[SecurityEvent]:
        """Return events, the newest first, from behind the *position* after."""
        return await self.events.of(account_id, after=None if after is None else _read(after), most=most)

    @staticmethod
    def position(event: SecurityEvent) -> str:
        """Return where an event stands in the log."""
        return f"{rfc3339(event.at)} {event.id}"


def _read(position: str) -> tuple[datetime, str]:
    at, _, event_id = position.partition(" ")
    return datetime.fromisoformat(at), event_id

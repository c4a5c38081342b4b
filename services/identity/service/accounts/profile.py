"""The security log of an account, as its owner reads it."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.store import SecurityEventDocument, SecurityEvents
from shared.clock import rfc3339


@dataclass(frozen=True, slots=True)
class SecurityLogService:
    """Shows owners what happened to their accounts."""

    security_events: SecurityEvents

    async def list_page(self, account_id: str, *, after: str | None, limit: int) -> list[SecurityEventDocument]:
        """Return events, the newest first, from behind the *position* after."""
        return await self.security_events.list_by_account(
            account_id, after=None if after is None else _parse_position(after), limit=limit
        )

    @staticmethod
    def encode_position(event: SecurityEventDocument) -> str:
        """Return where an event stands in the log."""
        return f"{rfc3339(event.at)} {event.id}"


def _parse_position(position: str) -> tuple[datetime, str]:
    at, _, event_id = position.partition(" ")
    return datetime.fromisoformat(at), event_id

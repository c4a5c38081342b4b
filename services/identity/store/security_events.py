"""The security log of each account: what happened to it, told to its owner, kept for 180 days."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.access import client_name
from services.identity.domain.security import SECURITY_LOG_DAYS, EventKind
from shared.ids import NewId
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_KEPT = keep_for(SECURITY_LOG_DAYS, since="at")
_OWNERS = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}


class SecurityEvent(Document):
    """One thing that happened."""

    collection: ClassVar[str] = "security_events"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", ("at", -1)), Index("at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _OWNERS, _KEPT)]
    kind: Annotated[EventKind, Personal(Category.USAGE, _OWNERS, _KEPT)]
    client: Annotated[str, Personal(Category.DEVICE, _OWNERS, _KEPT)]
    """As a session is named; empty where nobody's program was at work."""
    at: datetime


class SecurityEvents:
    """The events."""

    def __init__(self, db: Database, new_id: NewId) -> None:
        self._rows = db.collection(SecurityEvent)
        self._new_id = new_id

    async def note(self, account_id: str, kind: EventKind, *, user_agent: str | None = None, at: datetime) -> None:
        """Write an event down, in the ambient transaction."""
        client = "" if user_agent is None else client_name(user_agent)
        row = SecurityEvent(id=self._new_id("sec"), account_id=account_id, kind=kind, client=client, at=at)
        await self._rows.insert(row)

    async def of(self, account_id: str, *, after: tuple[datetime, str] | None, most: int) -> list[SecurityEvent]:
        """Return events of the account, the newest first, from behind *after*."""
        where: dict[str, object] = {"account_id": account_id}
        if after is not None:
            at, event_id = after
            where["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": event_id}}]
        return await self._rows.list(where, sort=[("at", -1), ("_id", -1)], limit=most)

    async def delete(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete({"account_id": account_id})

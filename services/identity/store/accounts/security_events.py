"""The security log of each account, kept for 180 days."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.authentication.security import SECURITY_LOG_RETENTION_DAYS, SecurityEventKind
from shared.ids import NewId
from shared.mongo import Database, Document, Index, filter_after, sort_newest_first
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose
from shared.user_agents import describe_user_agent

_RETENTION = retain_for(SECURITY_LOG_RETENTION_DAYS, since="at")
_OWNER_PURPOSES = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}


class SecurityEventDocument(Document):
    """A security event."""

    collection: ClassVar[str] = "security_events"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", ("at", -1)), Index("at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _OWNER_PURPOSES, _RETENTION)]
    kind: Annotated[SecurityEventKind, Personal(Category.USAGE, _OWNER_PURPOSES, _RETENTION)]
    client: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, _RETENTION)]
    """The browser and system; empty for an event without a client."""
    at: datetime


class SecurityEvents:
    """The security events."""

    def __init__(self, db: Database, new_id: NewId) -> None:
        self._rows = db.get_collection(SecurityEventDocument)
        self._new_id = new_id

    async def record(
        self, account_id: str, kind: SecurityEventKind, *, user_agent: str | None = None, at: datetime
    ) -> None:
        """Store an event, in the ambient transaction."""
        client = "" if user_agent is None else describe_user_agent(user_agent)
        row = SecurityEventDocument(id=self._new_id("sec"), account_id=account_id, kind=kind, client=client, at=at)
        await self._rows.insert_one(row)

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[SecurityEventDocument]:
        """Return events of the account after the cursor, newest first."""
        where = {"account_id": account_id, **filter_after("at", after)}
        return await self._rows.list(where, sort=sort_newest_first("at"), limit=limit)

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the events of the account."""
        return await self._rows.delete_many({"account_id": account_id})

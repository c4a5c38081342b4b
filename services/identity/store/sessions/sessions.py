"""Sessions, and recently revoked ones whose access tokens have not expired yet."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(30, since="last_seen_at")
_OWNER_PURPOSES = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}


class SessionDocument(Document):
    """A session. A revoked one is deleted."""

    collection: ClassVar[str] = "sessions"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("last_seen_at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _OWNER_PURPOSES, _RETENTION)]
    client: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, _RETENTION)]
    country: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, _RETENTION)] = ""
    """Country of the login (ISO 3166-1 alpha-2). The IP address is not stored."""
    client_id: str | None = None
    """The app of the session: no other client may refresh it."""
    generation: int
    """The generation of the refresh token that is valid. An older token revokes the session, with one exception:"""
    previous_generation: int | None = None
    """The generation that was rotated last. Its token may come late, within the reuse grace (decision 16)."""
    created_at: datetime
    authenticated_at: datetime | None = None
    """When the owner last authenticated; None if at the login only."""
    last_seen_at: Annotated[datetime, Personal(Category.USAGE, _OWNER_PURPOSES, _RETENTION)]


class RevokedSessionDocument(Document):
    """A revoked session, or a partner's revoked grant. It names no account."""

    collection: ClassVar[str] = "revoked_sessions"
    indexes: ClassVar[tuple[Index, ...]] = (Index("tokens_expire_at"),)

    tokens_expire_at: datetime


class Sessions:
    """The live sessions."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(SessionDocument)

    async def add(self, session: SessionDocument) -> None:
        """Store a new session."""
        await self._rows.insert_one(session)

    async def get(self, session_id: str) -> SessionDocument | None:
        """Return the session if it is live."""
        return await self._rows.get(session_id)

    async def list_by_account(self, account_id: str) -> list[SessionDocument]:
        """Return the sessions of the account, the last used first."""
        return await self._rows.list({"account_id": account_id}, sort=[("last_seen_at", -1)])

    async def rotate_generation(self, session: SessionDocument, *, at: datetime) -> bool:
        """Start the next generation; False if another request was first.

        ``last_seen_at`` is then the time of the rotation; the reuse grace is measured from it.
        """
        wanted = {"_id": session.id, "generation": session.generation}
        rotated = {"last_seen_at": at, "previous_generation": session.generation}
        return await self._rows.update_one(wanted, {"$inc": {"generation": 1}, "$set": rotated}) == 1

    async def void_generation(self, session: SessionDocument) -> bool:
        """Replace a generation that was not used yet with the next one; False if another request was first.

        The time of the rotation stays, so that the grace of the previous generation ends when it would have.
        """
        wanted = {"_id": session.id, "generation": session.generation}
        return await self._rows.update_one(wanted, {"$inc": {"generation": 1}}) == 1

    async def mark_authenticated(self, session: SessionDocument, *, at: datetime) -> bool:
        """Record an authentication; False if the session was revoked."""
        return await self._rows.update_one({"_id": session.id}, {"$set": {"authenticated_at": at}}) == 1

    async def list_latest(self, limit: int) -> list[SessionDocument]:
        """Return the last used sessions."""
        return await self._rows.list({}, sort=[("last_seen_at", -1)], limit=limit)

    async def count_created_before(self, account_id: str, at: datetime) -> int:
        """Return the number of sessions of the account created before *at*."""
        return await self._rows.count_documents({"account_id": account_id, "created_at": {"$lt": at}})

    async def delete(self, session_id: str, account_id: str) -> bool:
        """Delete a session of the account; False if it has no such session."""
        return await self._rows.delete_many({"_id": session_id, "account_id": account_id}) == 1


class RevokedSessions:
    """Revoked sessions: stored in the database, and cached in memory for the check of each token."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows = db.get_collection(RevokedSessionDocument)
        self._cached: dict[str, datetime] = {}

    async def add(self, session_id: str, *, tokens_expire_at: datetime) -> None:
        """Store a revoked session; cache it once the transaction commits."""
        await self._rows.upsert_one(RevokedSessionDocument(id=session_id, tokens_expire_at=tokens_expire_at))
        self._db.after_commit(lambda: self.add_to_cache(session_id, tokens_expire_at=tokens_expire_at))

    def add_to_cache(self, session_id: str, *, tokens_expire_at: datetime) -> None:
        """Reject the session's tokens in this process from now on."""
        self._cached[session_id] = tokens_expire_at

    def is_revoked(self, session_id: str) -> bool:
        """Return whether the session was revoked."""
        return session_id in self._cached

    async def list_stored(self, *, tokens_expire_after: datetime, limit: int) -> list[RevokedSessionDocument]:
        """Return revoked sessions from the database."""
        return await self._rows.list({"tokens_expire_at": {"$gt": tokens_expire_after}}, limit=limit)

    async def reload_cache(self, *, at: datetime) -> list[RevokedSessionDocument]:
        """Reload the cache from the database and delete expired entries; return the rest."""
        await self._rows.delete_many({"tokens_expire_at": {"$lte": at}})
        live = await self._rows.list({"tokens_expire_at": {"$gt": at}})
        self._cached = {key: end for key, end in self._cached.items() if end > at}
        self._cached |= {row.id: row.tokens_expire_at for row in live}
        return live

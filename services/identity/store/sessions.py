"""Sessions, and those ended so lately that a token of theirs might still be shown somewhere."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_SEEN = keep_for(30, since="last_seen_at")
_OWNERS = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}


class Session(Document):
    """One log-in on one device; ended means deleted."""

    collection: ClassVar[str] = "sessions"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("last_seen_at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _OWNERS, _SEEN)]
    client: Annotated[str, Personal(Category.DEVICE, _OWNERS, _SEEN)]
    place: Annotated[str, Personal(Category.DEVICE, _OWNERS, _SEEN)] = ""
    """The country that it began in, of two letters; its address is not kept."""
    app_id: str | None = None
    """The app whose session it is: no other client refreshes it."""
    generation: int
    """How often the refresh token was rotated: only the newest one refreshes, an older one ends the session."""
    created_at: datetime
    authenticated_at: datetime | None = None
    """When its owner was last confirmed; None: at its beginning."""
    last_seen_at: Annotated[datetime, Personal(Category.USAGE, _OWNERS, _SEEN)]


class EndedSession(Document):
    """An ended session or partner's grant; nobody's data: the session that it names is gone."""

    collection: ClassVar[str] = "ended_sessions"
    indexes: ClassVar[tuple[Index, ...]] = (Index("tokens_end_at"),)

    tokens_end_at: datetime


class Sessions:
    """The live sessions."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(Session)

    async def add(self, session: Session) -> None:
        """Store a new session."""
        await self._rows.insert(session)

    async def get(self, session_id: str) -> Session | None:
        """Return the session if it is live."""
        return await self._rows.get(session_id)

    async def of(self, account_id: str) -> list[Session]:
        """Return the sessions of the account, the one seen last first."""
        return await self._rows.list({"account_id": account_id}, sort=[("last_seen_at", -1)])

    async def rotate(self, session: Session, *, at: datetime) -> bool:
        """Go to the next generation; False when another request was first.

        ``last_seen_at`` is then the time of the rotation, which decides who comes a moment late (decision 7).
        """
        wanted = {"_id": session.id, "generation": session.generation}
        return await self._rows.update(wanted, {"$inc": {"generation": 1}, "$set": {"last_seen_at": at}}) == 1

    async def confirm(self, session: Session, *, at: datetime) -> bool:
        """Note that the owner was confirmed once more; False when the session was ended meanwhile."""
        return await self._rows.update({"_id": session.id}, {"$set": {"authenticated_at": at}}) == 1

    async def some(self, most: int) -> list[Session]:
        """Return the sessions that were seen last."""
        return await self._rows.list({}, sort=[("last_seen_at", -1)], limit=most)

    async def older_than(self, account_id: str, at: datetime) -> int:
        """Return how many sessions of the account were begun before that time."""
        return await self._rows.count({"account_id": account_id, "created_at": {"$lt": at}})

    async def delete(self, session_id: str, account_id: str) -> bool:
        """Delete one session of the account; False when it has no such session."""
        return await self._rows.delete({"_id": session_id, "account_id": account_id}) == 1


class EndedSessions:
    """The ended sessions: durable in the database, and at hand in memory for the check of each token."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows = db.collection(EndedSession)
        self._at_hand: dict[str, datetime] = {}

    async def add(self, session_id: str, *, tokens_end_at: datetime) -> None:
        """Remember that the session ended, here as soon as the transaction commits."""
        await self._rows.upsert(EndedSession(id=session_id, tokens_end_at=tokens_end_at))
        self._db.after_commit(lambda: self.note(session_id, tokens_end_at=tokens_end_at))

    def note(self, session_id: str, *, tokens_end_at: datetime) -> None:
        """Refuse the session's tokens in this process from now on."""
        self._at_hand[session_id] = tokens_end_at

    def ended(self, session_id: str) -> bool:
        """Tell whether the session was ended."""
        return session_id in self._at_hand

    async def stored(self, *, tokens_end_after: datetime, most: int) -> list[EndedSession]:
        """Return ended sessions as the database has them."""
        return await self._rows.list({"tokens_end_at": {"$gt": tokens_end_after}}, limit=most)

    async def refresh(self, *, at: datetime) -> list[EndedSession]:
        """Take the database's word, after a start and for what others ended; return those that still matter."""
        await self._rows.delete({"tokens_end_at": {"$lte": at}})
        live = await self._rows.list({"tokens_end_at": {"$gt": at}})
        self._at_hand = {key: end for key, end in self._at_hand.items() if end > at}
        self._at_hand |= {row.id: row.tokens_end_at for row in live}
        return live

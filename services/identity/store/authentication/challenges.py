"""One-time authentication challenges. A response is valid for one challenge only."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.authentication.security import CHALLENGE_LIFETIME, MAX_CHALLENGE_ATTEMPTS, ChallengeKind
from shared.ids import NewId, random_bytes
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_NONCE_BYTES = 32


class ChallengeDocument(Document):
    """A one-time authentication challenge."""

    collection: ClassVar[str] = "challenges"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("expires_at", expire_after=timedelta()))

    kind: ChallengeKind
    account_id: Annotated[str | None, Personal(Category.PSEUDONYM, {Purpose.SECURITY}, retain_for(1))]
    """The account that must respond; None if the passkey identifies it."""
    throttle_key: str
    """The throttle of wrong codes."""
    nonce: bytes
    """The bytes that an authenticator signs."""
    attempts: int
    created_at: datetime
    expires_at: datetime


class Challenges:
    """The challenges."""

    def __init__(self, db: Database, new_id: NewId) -> None:
        self._rows = db.get_collection(ChallengeDocument)
        self._new_id = new_id

    async def create(
        self, kind: ChallengeKind, account_id: str | None, *, throttle_key: str = "", at: datetime
    ) -> ChallengeDocument:
        """Store and return a new challenge."""
        challenge = ChallengeDocument(
            id=self._new_id("chl"),
            kind=kind,
            account_id=account_id,
            throttle_key=throttle_key,
            nonce=random_bytes(_NONCE_BYTES),
            attempts=0,
            created_at=at,
            expires_at=at + CHALLENGE_LIFETIME,
        )
        await self._rows.insert_one(challenge)
        return challenge

    async def get(self, challenge_id: str, kind: ChallengeKind, *, at: datetime) -> ChallengeDocument | None:
        """Return the challenge if it has not expired."""
        return await self._rows.find_one({"_id": challenge_id, "kind": kind, "expires_at": {"$gt": at}})

    async def count_attempt(self, challenge_id: str, *, at: datetime) -> bool:
        """Count an attempt before it is checked; False if there were too many or the challenge has expired."""
        wanted = {"_id": challenge_id, "attempts": {"$lt": MAX_CHALLENGE_ATTEMPTS}, "expires_at": {"$gt": at}}
        return await self._rows.update_one(wanted, {"$inc": {"attempts": 1}}) == 1

    async def consume(self, challenge_id: str) -> bool:
        """Delete the challenge; of several concurrent calls, one returns True."""
        return await self._rows.delete_one({"_id": challenge_id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the challenges of the account."""
        return await self._rows.delete_many({"account_id": account_id})

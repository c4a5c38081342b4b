"""Forgotten passwords: wishes, which are taken from everybody alike, and the links that were mailed."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_BATCH = 50
_KEPT = keep_for(1)
_FOR_SECURITY = {Purpose.SECURITY}


class ResetWish(Document):
    """Somebody has forgotten the password of an address, which may be nobody's: it is looked up later."""

    collection: ClassVar[str] = "reset_wishes"
    subject: ClassVar[str | None] = "email_index"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at"), Index("email_index"))

    email_index: Annotated[str, Personal(Category.CONTACT, _FOR_SECURITY, _KEPT)]
    created_at: datetime


class PasswordReset(Document):
    """A link that was mailed to the owner of an account."""

    collection: ClassVar[str] = "password_resets"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("token_hash", unique=True), Index("account_id"), Index("created_at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _FOR_SECURITY, _KEPT)]
    token_hash: bytes
    created_at: datetime
    expires_at: datetime


class Resets:
    """The wishes and the links."""

    def __init__(self, db: Database) -> None:
        self._wishes = db.collection(ResetWish)
        self._rows = db.collection(PasswordReset)

    async def wish(self, wish: ResetWish) -> None:
        """Store a wish."""
        await self._wishes.insert(wish)

    async def wishes(self) -> list[ResetWish]:
        """Return wishes that wait, the oldest first."""
        return await self._wishes.list({}, sort=["created_at"], limit=_BATCH)

    async def take(self, wish: ResetWish) -> bool:
        """Take a wish up; False when another process was first."""
        return await self._wishes.delete({"_id": wish.id}) == 1

    async def add(self, reset: PasswordReset) -> None:
        """Store a link."""
        await self._rows.insert(reset)

    async def by_token(self, token_hash: bytes, *, at: datetime) -> PasswordReset | None:
        """Return the link that carries the token with this hash, while it is good."""
        return await self._rows.find_one({"token_hash": token_hash, "expires_at": {"$gt": at}})

    async def use_up(self, reset: PasswordReset) -> bool:
        """End the link; of two requests at once one is told yes."""
        return await self._rows.delete({"_id": reset.id}) == 1

    async def delete(self, account_id: str) -> int:
        """Delete every link of the account: its password or address has changed, or it goes."""
        return await self._rows.delete({"account_id": account_id})

    async def forget(self, index: str) -> int:
        """Delete the wishes of an address."""
        return await self._wishes.delete({"email_index": index})

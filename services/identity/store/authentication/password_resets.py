"""Forgotten passwords: wishes, which are taken from everybody alike, and the links that were mailed."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_BATCH_SIZE = 50
_RETENTION = retain_for(1)
_SECURITY_PURPOSES = {Purpose.SECURITY}


class PasswordResetRequestDocument(Document):
    """Somebody has forgotten the password of an address, which may be nobody's: it is looked up later."""

    collection: ClassVar[str] = "password_reset_requests"
    subject: ClassVar[str | None] = "email_index"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at"), Index("email_index"))

    email_index: Annotated[str, Personal(Category.CONTACT, _SECURITY_PURPOSES, _RETENTION)]
    created_at: datetime


class PasswordResetDocument(Document):
    """A link that was mailed to the owner of an account."""

    collection: ClassVar[str] = "password_resets"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("token_hash", unique=True), Index("account_id"), Index("created_at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _SECURITY_PURPOSES, _RETENTION)]
    token_hash: bytes
    created_at: datetime
    expires_at: datetime


class PasswordResets:
    """The wishes and the links."""

    def __init__(self, db: Database) -> None:
        self._requests = db.get_collection(PasswordResetRequestDocument)
        self._rows = db.get_collection(PasswordResetDocument)

    async def add_request(self, request: PasswordResetRequestDocument) -> None:
        """Store a wish."""
        await self._requests.insert_one(request)

    async def list_requests(self) -> list[PasswordResetRequestDocument]:
        """Return wishes that wait, the oldest first."""
        return await self._requests.list({}, sort=["created_at"], limit=_BATCH_SIZE)

    async def claim_request(self, request: PasswordResetRequestDocument) -> bool:
        """Take a wish up; False when another process was first."""
        return await self._requests.delete_many({"_id": request.id}) == 1

    async def add(self, reset: PasswordResetDocument) -> None:
        """Store a link."""
        await self._rows.insert_one(reset)

    async def get_by_token(self, token_hash: bytes, *, at: datetime) -> PasswordResetDocument | None:
        """Return the link that carries the token with this hash, while it is good."""
        return await self._rows.find_one({"token_hash": token_hash, "expires_at": {"$gt": at}})

    async def consume(self, reset: PasswordResetDocument) -> bool:
        """End the link; of two requests at once one is told yes."""
        return await self._rows.delete_many({"_id": reset.id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete every link of the account: its password or address has changed, or it goes."""
        return await self._rows.delete_many({"account_id": account_id})

    async def delete_requests(self, email_index: str) -> int:
        """Delete the wishes of an address."""
        return await self._requests.delete_many({"email_index": email_index})

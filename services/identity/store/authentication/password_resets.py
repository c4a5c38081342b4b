"""Password reset requests, which are accepted for every address alike, and the tokens that were emailed."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_BATCH_SIZE = 50
_RETENTION = retain_for(1)
_SECURITY_PURPOSES = {Purpose.SECURITY}


class PasswordResetRequestDocument(Document):
    """A request to reset the password at an address. A worker finds out later whether it has an account."""

    collection: ClassVar[str] = "password_reset_requests"
    subject: ClassVar[str | None] = "email_index"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at"), Index("email_index"))

    email_index: Annotated[str, Personal(Category.CONTACT, _SECURITY_PURPOSES, _RETENTION)]
    created_at: datetime


class PasswordResetDocument(Document):
    """A token that was emailed to the owner of an account."""

    collection: ClassVar[str] = "password_resets"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("token_hash", unique=True), Index("account_id"), Index("created_at"))

    account_id: Annotated[str, Personal(Category.PSEUDONYM, _SECURITY_PURPOSES, _RETENTION)]
    token_hash: bytes
    created_at: datetime
    expires_at: datetime


class PasswordResets:
    """The requests and tokens."""

    def __init__(self, db: Database) -> None:
        self._requests = db.get_collection(PasswordResetRequestDocument)
        self._rows = db.get_collection(PasswordResetDocument)

    async def add_request(self, request: PasswordResetRequestDocument) -> None:
        """Store a request."""
        await self._requests.insert_one(request)

    async def list_requests(self) -> list[PasswordResetRequestDocument]:
        """Return pending requests, oldest first."""
        return await self._requests.list({}, sort=["created_at"], limit=_BATCH_SIZE)

    async def claim_request(self, request: PasswordResetRequestDocument) -> bool:
        """Claim a request; False if another worker was first."""
        return await self._requests.delete_many({"_id": request.id}) == 1

    async def add(self, reset: PasswordResetDocument) -> None:
        """Store a token."""
        await self._rows.insert_one(reset)

    async def get_by_token(self, token_hash: bytes, *, at: datetime) -> PasswordResetDocument | None:
        """Return the reset with this token hash if it has not expired."""
        return await self._rows.find_one({"token_hash": token_hash, "expires_at": {"$gt": at}})

    async def consume(self, reset: PasswordResetDocument) -> bool:
        """Delete the token; of several concurrent calls, one returns True."""
        return await self._rows.delete_many({"_id": reset.id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the tokens of the account. Its password or address has changed, or it is erased."""
        return await self._rows.delete_many({"account_id": account_id})

    async def delete_requests(self, email_index: str) -> int:
        """Delete the requests for an address."""
        return await self._requests.delete_many({"email_index": email_index})

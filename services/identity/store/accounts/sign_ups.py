"""Sign-ups whose email address is not verified yet."""

from datetime import datetime
from typing import Annotated, ClassVar

from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(1)
_AGE_SCREEN_PURPOSES = {Purpose.ACCOUNT, Purpose.EXPORT}


class SignUpDocument(Document):
    """An unverified sign-up. Its id becomes the id of the account."""

    collection: ClassVar[str] = "sign_ups"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("token_hash", unique=True), Index("email_index"), Index("expires_at"))

    token_hash: bytes
    email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.ACCOUNT}, _RETENTION)]
    email_index: Annotated[str, Personal(Category.CONTACT, {Purpose.ACCOUNT}, _RETENTION)]
    password_hash: Annotated[str, Personal(Category.CREDENTIAL, {Purpose.SECURITY}, _RETENTION)]
    age_screened_at: Annotated[datetime, Personal(Category.CONSENT, _AGE_SCREEN_PURPOSES, _RETENTION)]
    created_at: datetime
    expires_at: datetime


class SignUps:
    """The sign-ups."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(SignUpDocument)
        self._vault = vault

    async def seal(self, sign_up_id: str, email: str) -> bytes:
        """Return *email* sealed under the key of the sign-up."""
        return await self._vault.seal(sign_up_id, build_associated_data(SignUpDocument, "email"), email.encode())

    async def add(self, sign_up: SignUpDocument) -> None:
        """Store a new sign-up."""
        await self._rows.insert_one(sign_up)

    async def get_by_token(self, token_hash: bytes) -> SignUpDocument | None:
        """Return the sign-up with this token hash, or None."""
        return await self._rows.find_one({"token_hash": token_hash})

    async def open_email(self, sign_up: SignUpDocument) -> str:
        """Return the email address."""
        return await self._vault.open_field(sign_up, "email", Purpose.ACCOUNT)

    async def count_unscreened(self) -> int:
        """Return the number of sign-ups without a passed age screen; it must be 0 (C23)."""
        return await self._rows.count_documents({"age_screened_at": None})

    async def delete_by_email(self, email_index: str) -> int:
        """Delete the sign-ups of an address; first their keys."""
        for sign_up in await self._rows.list({"email_index": email_index}):
            await self._vault.destroy_key(sign_up.id)
        return await self._rows.delete_many({"email_index": email_index})

    async def consume(self, sign_up: SignUpDocument) -> None:
        """Delete the sign-up and all others of its address: one verification is enough."""
        for other in await self._rows.list({"email_index": sign_up.email_index, "_id": {"$ne": sign_up.id}}):
            await self._vault.destroy_key(other.id)
        await self._rows.delete_many({"email_index": sign_up.email_index})

    async def delete_expired(self, at: datetime) -> int:
        """Delete expired sign-ups; first their keys."""
        expired = await self._rows.list({"expires_at": {"$lte": at}}, limit=500)
        for sign_up in expired:
            await self._vault.destroy_key(sign_up.id)
        return await self._rows.delete_many({"_id": {"$in": [sign_up.id for sign_up in expired]}})

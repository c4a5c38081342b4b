"""Passwords, stored as Argon2id hashes."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose


class CredentialDocument(Document):
    """The password of an account: an Argon2id hash in PHC format, with salt and parameters."""

    collection: ClassVar[str] = "credentials"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", "kind", unique=True),)

    account_id: str
    kind: Literal["password"]
    password_hash: Annotated[str, Personal(Category.CREDENTIAL, {Purpose.SECURITY}, UNTIL_ERASED)]
    needs_second_factor: bool = False
    """Whether the password is so short that the account must keep a second factor."""
    created_at: datetime
    changed_at: datetime


class Credentials:
    """The passwords."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(CredentialDocument)

    async def get_password(self, account_id: str) -> CredentialDocument | None:
        """Return the password of the account, or None."""
        return await self._rows.find_one({"account_id": account_id, "kind": "password"})

    async def add_password(self, credential_id: str, account_id: str, password_hash: str, *, at: datetime) -> None:
        """Store the first password of an account."""
        await self._rows.insert_one(
            CredentialDocument(
                id=credential_id,
                account_id=account_id,
                kind="password",
                password_hash=password_hash,
                created_at=at,
                changed_at=at,
            )
        )

    async def set_password(
        self,
        credential_id: str,
        account_id: str,
        password_hash: str,
        *,
        needs_second_factor: bool = False,
        at: datetime,
    ) -> None:
        """Set the password of the account, whether or not it has one."""
        change = {
            "$set": {"password_hash": password_hash, "needs_second_factor": needs_second_factor, "changed_at": at}
        }
        if await self._rows.update_one({"account_id": account_id, "kind": "password"}, change) == 0:
            await self.add_password(credential_id, account_id, password_hash, at=at)

    async def rehash(self, credential: CredentialDocument, password_hash: str) -> None:
        """Store a hash with newer parameters, unless the password was changed in between."""
        wanted = {"_id": credential.id, "password_hash": credential.password_hash}
        await self._rows.update_one(wanted, {"$set": {"password_hash": password_hash}})

    async def cancel_password(self, account_id: str) -> int:
        """Delete the password of an account."""
        return await self._rows.delete_many({"account_id": account_id, "kind": "password"})

    async def count_created_before(self, account_id: str, at: datetime) -> int:
        """Return the number of passwords of the account created before *at*."""
        return await self._rows.count_documents({"account_id": account_id, "created_at": {"$lt": at}})

    async def count_not_argon2id(self) -> tuple[int, int]:
        """Return the number of passwords, and the number that are not Argon2id hashes (C24)."""
        # A range instead of a negated regex: every server evaluates it alike, and can use an index.
        outside = {
            "$or": [
                {"password_hash": {"$lt": "$argon2id$"}},
                {"password_hash": {"$gte": "$argon2id%"}},
                {"password_hash": None},
            ]
        }
        return await self._rows.count_documents({}), await self._rows.count_documents(outside)

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the credentials of the account."""
        return await self._rows.delete_many({"account_id": account_id})

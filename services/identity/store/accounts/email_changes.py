"""Changes of addresses: asked for, proven by the new address, undone by the old one within seven days."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from shared.clock import rfc3339
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(8)
"""Half an hour to prove the new address, seven days to undo it."""
_EMAIL_DATA = Personal(Category.CONTACT, {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.EXPORT}, _RETENTION)


class EmailChangeDocument(Document):
    """One change; the addresses are sealed under the account's key."""

    collection: ClassVar[str] = "email_changes"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id"),
        Index("token_hash", unique=True),
        Index("old_email_index", "state"),
        Index("created_at"),
    )

    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.SECURITY}, _RETENTION)]
    state: Literal["pending", "applied"]
    token_hash: bytes
    """Of the link that proves the new address, then of the one that undoes the change."""
    email: Annotated[bytes, _EMAIL_DATA]
    email_index: Annotated[str, _EMAIL_DATA]
    old_email: Annotated[bytes, _EMAIL_DATA]
    old_email_index: Annotated[str, _EMAIL_DATA]
    created_at: datetime
    expires_at: datetime
    """Until when the link is good."""


class EmailChanges:
    """The changes."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(EmailChangeDocument)
        self._vault = vault

    async def seal(self, account_id: str, email: str, *, old: bool = False) -> bytes:
        """Return *address* as a change holds it."""
        place = build_associated_data(EmailChangeDocument, "old_email" if old else "email")
        return await self._vault.seal(account_id, place, email.encode())

    async def add(self, change: EmailChangeDocument) -> None:
        """Store a change that is asked for, in place of others that were."""
        await self._rows.delete_many({"account_id": change.account_id, "state": "pending"})
        await self._rows.insert_one(change)

    async def get_by_token(
        self, token_hash: bytes, state: Literal["pending", "applied"], *, at: datetime
    ) -> EmailChangeDocument | None:
        """Return the change whose link carries the token with this hash, while it is good."""
        return await self._rows.find_one({"token_hash": token_hash, "state": state, "expires_at": {"$gt": at}})

    async def open_new_email(self, change: EmailChangeDocument) -> str:
        """Return the new address."""
        return await self._vault.open_field(change, "email", Purpose.ACCOUNT)

    async def open_old_email(self, change: EmailChangeDocument) -> str:
        """Return the old address."""
        return await self._vault.open_field(change, "old_email", Purpose.ACCOUNT)

    async def mark_applied(self, change: EmailChangeDocument, token_hash: bytes, *, expires_at: datetime) -> bool:
        """Note that the new address is proven; its undoing takes the token with this hash. False when it was before."""
        wanted = {"_id": change.id, "state": "pending"}
        done = {"state": "applied", "token_hash": token_hash, "expires_at": expires_at}
        return await self._rows.update_one(wanted, {"$set": done}) == 1

    async def consume(self, change: EmailChangeDocument) -> bool:
        """End the change for good; of two requests at once one is told yes."""
        return await self._rows.delete_many({"_id": change.id, "state": change.state}) == 1

    async def get_reserving_account(self, email_index: str, *, at: datetime) -> str | None:
        """Return the account that may still come back to the address."""
        found = await self._rows.find_one(
            {"old_email_index": email_index, "state": "applied", "expires_at": {"$gt": at}}
        )
        return None if found is None else found.account_id

    async def export_by_account(self, account_id: str) -> list[dict[str, str]]:
        """Return the changes of the account as its owner is told of them."""
        return [
            {
                "state": change.state,
                "old_email": await self._vault.open_field(change, "old_email", Purpose.EXPORT),
                "new_email": await self._vault.open_field(change, "email", Purpose.EXPORT),
                "requested_at": rfc3339(change.created_at),
            }
            for change in await self._rows.list({"account_id": account_id}, sort=["created_at"])
        ]

    async def delete_after(self, account_id: str, created_at: datetime) -> None:
        """Forget the changes that were made since another one: that one is being undone, and they with it."""
        await self._rows.delete_many({"account_id": account_id, "created_at": {"$gte": created_at}})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete_many({"account_id": account_id})

"""Email changes: requested, confirmed at the new address, revertible from the old one for seven days."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from shared.clock import rfc3339
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(8)
"""Half an hour to confirm the new address, seven days to revert."""
_EMAIL_DATA = Personal(Category.CONTACT, {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.EXPORT}, _RETENTION)


class EmailChangeDocument(Document):
    """An email change. Both addresses are sealed under the account's key."""

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
    """The hash of the confirmation token; once applied, of the token that reverts the change."""
    email: Annotated[bytes, _EMAIL_DATA]
    email_index: Annotated[str, _EMAIL_DATA]
    old_email: Annotated[bytes, _EMAIL_DATA]
    old_email_index: Annotated[str, _EMAIL_DATA]
    created_at: datetime
    expires_at: datetime
    """When the current token expires."""


class EmailChanges:
    """The email changes."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(EmailChangeDocument)
        self._vault = vault

    async def seal(self, account_id: str, email: str, *, old: bool = False) -> bytes:
        """Return *email* sealed under the account's key."""
        place = build_associated_data(EmailChangeDocument, "old_email" if old else "email")
        return await self._vault.seal(account_id, place, email.encode())

    async def add(self, change: EmailChangeDocument) -> None:
        """Store a pending change; it replaces other pending ones of the account."""
        await self._rows.delete_many({"account_id": change.account_id, "state": "pending"})
        await self._rows.insert_one(change)

    async def get_by_token(
        self, token_hash: bytes, state: Literal["pending", "applied"], *, at: datetime
    ) -> EmailChangeDocument | None:
        """Return the change with this token hash if it has not expired."""
        return await self._rows.find_one({"token_hash": token_hash, "state": state, "expires_at": {"$gt": at}})

    async def open_new_email(self, change: EmailChangeDocument) -> str:
        """Return the new email address."""
        return await self._vault.open_field(change, "email", Purpose.ACCOUNT)

    async def open_old_email(self, change: EmailChangeDocument) -> str:
        """Return the old email address."""
        return await self._vault.open_field(change, "old_email", Purpose.ACCOUNT)

    async def mark_applied(self, change: EmailChangeDocument, token_hash: bytes, *, expires_at: datetime) -> bool:
        """Mark the change as applied, revertible with the token of this hash; False if it was applied before."""
        wanted = {"_id": change.id, "state": "pending"}
        done = {"state": "applied", "token_hash": token_hash, "expires_at": expires_at}
        return await self._rows.update_one(wanted, {"$set": done}) == 1

    async def consume(self, change: EmailChangeDocument) -> bool:
        """Delete the change; of several concurrent calls, one returns True."""
        return await self._rows.delete_many({"_id": change.id, "state": change.state}) == 1

    async def get_reserving_account(self, email_index: str, *, at: datetime) -> str | None:
        """Return the account that may still revert to this address, or None."""
        found = await self._rows.find_one(
            {"old_email_index": email_index, "state": "applied", "expires_at": {"$gt": at}}
        )
        return None if found is None else found.account_id

    async def list_revertible_emails(self, account_id: str, *, at: datetime) -> list[str]:
        """Return the earlier addresses to which the account can still revert."""
        applied = {"account_id": account_id, "state": "applied", "expires_at": {"$gt": at}}
        return [await self.open_old_email(change) for change in await self._rows.list(applied, sort=["created_at"])]

    async def export_by_account(self, account_id: str) -> list[dict[str, str]]:
        """Return the account's changes for an export."""
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
        """Delete the changes made after *created_at*: a revert undoes them, too."""
        await self._rows.delete_many({"account_id": account_id, "created_at": {"$gte": created_at}})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the changes of the account."""
        return await self._rows.delete_many({"account_id": account_id})

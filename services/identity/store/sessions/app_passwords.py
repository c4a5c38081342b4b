"""App passwords for sync, stored as hashes of 160 random bits."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.sessions.access import AppScope
from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_OWNER_PURPOSES = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.EXPORT}
_LAST_USED_INTERVAL = timedelta(minutes=1)


class AppPasswordDocument(Document):
    """The app password of a device, valid for sync only."""

    collection: ClassVar[str] = "app_passwords"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("secret_hash", unique=True), Index("account_id"))

    account_id: str
    label: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, UNTIL_ERASED)]
    scope: AppScope
    secret_hash: Annotated[
        bytes, Personal(Category.CREDENTIAL, {Purpose.SYNC, Purpose.SECURITY}, retain_for(0, since="expires_at"))
    ]
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Personal(Category.USAGE, _OWNER_PURPOSES, UNTIL_ERASED)] = None


class AppPasswords:
    """The app passwords."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(AppPasswordDocument)

    async def put(self, app_password: AppPasswordDocument) -> None:
        """Store an app password, replacing the one with its id."""
        await self._rows.upsert_one(app_password)

    async def list_by_account(self, account_id: str) -> list[AppPasswordDocument]:
        """Return the app passwords of the account, newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)])

    async def get_by_hash(self, secret_hash: bytes) -> AppPasswordDocument | None:
        """Return the app password with this hash, or None."""
        return await self._rows.find_one({"secret_hash": secret_hash})

    async def mark_used(self, app_password: AppPasswordDocument, *, at: datetime) -> None:
        """Record a use, to the minute."""
        last = app_password.last_used_at
        if last is None or at - last >= _LAST_USED_INTERVAL:
            await self._rows.update_one({"_id": app_password.id}, {"$set": {"last_used_at": at}})

    async def count_created_before(self, account_id: str, at: datetime) -> int:
        """Return the number of app passwords of the account created before *at*."""
        return await self._rows.count_documents({"account_id": account_id, "created_at": {"$lt": at}})

    async def delete(self, app_password_id: str, account_id: str) -> bool:
        """Delete an app password of the account; False if it has no such one."""
        return await self._rows.delete_many({"_id": app_password_id, "account_id": account_id}) == 1

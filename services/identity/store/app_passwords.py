"""App passwords for sync, found by the hash of 160 random bits; nothing that could be guessed is stored."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.identity.domain.access import AppScope
from shared.mongo import Database, Document, Index
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for
from shared.policy import Purpose

_OWNERS = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.EXPORT}
_USE_NOTED_EVERY = timedelta(minutes=1)


class AppPassword(Document):
    """A password of one device, for sync only."""

    collection: ClassVar[str] = "app_passwords"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("secret_hash", unique=True), Index("account_id"))

    account_id: str
    label: Annotated[str, Personal(Category.DEVICE, _OWNERS, UNTIL_ERASED)]
    scope: AppScope
    secret_hash: Annotated[
        bytes, Personal(Category.CREDENTIAL, {Purpose.SYNC, Purpose.SECURITY}, keep_for(0, since="expires_at"))
    ]
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Personal(Category.USAGE, _OWNERS, UNTIL_ERASED)] = None


class AppPasswords:
    """The app passwords."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(AppPassword)

    async def put(self, app_password: AppPassword) -> None:
        """Store an app password, in place of the one with its id."""
        await self._rows.upsert(app_password)

    async def of(self, account_id: str) -> list[AppPassword]:
        """Return those of the account, the newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)])

    async def by_hash(self, secret_hash: bytes) -> AppPassword | None:
        """Return the app password with this hash."""
        return await self._rows.find_one({"secret_hash": secret_hash})

    async def used(self, app_password: AppPassword, *, at: datetime) -> None:
        """Note the use for the owner to see, to the minute."""
        last = app_password.last_used_at
        if last is None or at - last >= _USE_NOTED_EVERY:
            await self._rows.update({"_id": app_password.id}, {"$set": {"last_used_at": at}})

    async def older_than(self, account_id: str, at: datetime) -> int:
        """Return how many app passwords of the account were made before that time."""
        return await self._rows.count({"account_id": account_id, "created_at": {"$lt": at}})

    async def delete(self, app_password_id: str, account_id: str) -> bool:
        """Delete one of the account's; False when it has no such one."""
        return await self._rows.delete({"_id": app_password_id, "account_id": account_id}) == 1

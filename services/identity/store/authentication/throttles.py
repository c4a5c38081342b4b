"""Two bounds that are kept per address, known or not: how often it is written to, how often its password is guessed."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, DuplicateError
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_MAX_MAILS_PER_DAY = 5
_DAY = timedelta(days=1)
_MAX_ATTEMPTS = 20
_ATTEMPT_WINDOW = timedelta(minutes=15)
_MAX_WRITE_CONFLICTS = 10
"""How often a guess that collides with others is counted again before it is refused."""
PASSWORD_RESET_SCOPE = ".password_reset"  # noqa: S105 - a suffix, not a secret
EMAIL_CHANGE_SCOPE = ".email_change"
ACCOUNT_LOCK_SCOPE = ".account_lock"
COOLDOWN_SCOPES = (PASSWORD_RESET_SCOPE, EMAIL_CHANGE_SCOPE, ACCOUNT_LOCK_SCOPE)
_EMAIL_INDEX_DATA = Personal(Category.CONTACT, {Purpose.SECURITY}, retain_for(1))


class MailCooldownDocument(Document):
    """How often strangers made us write to an address lately; the id is its blind index."""

    collection: ClassVar[str] = "mail_cooldowns"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _EMAIL_INDEX_DATA]
    sent_count: int
    next_allowed_at: datetime
    created_at: datetime


class LoginThrottleDocument(Document):
    """How many wrong passwords were tried for an address lately; the id is its blind index."""

    collection: ClassVar[str] = "login_throttles"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _EMAIL_INDEX_DATA]
    attempts: int
    created_at: datetime


class MailCooldowns:
    """The defence of the person who is written to: a limit per sender cannot be one."""

    def __init__(self, db: Database, cooldown: timedelta) -> None:
        self._rows = db.get_collection(MailCooldownDocument)
        self._cooldown = cooldown

    async def hit(self, email_index: str, *, scope: str = "", at: datetime) -> bool:
        """Tell whether the address may be written to now, and count it; of several at once, one is told yes.

        Each *matter* has its own bound: whoever signs up with an address does not keep its owner's reset away.
        """
        first = MailCooldownDocument(
            id=email_index + scope, sent_count=1, next_allowed_at=at + self._cooldown, created_at=at
        )
        try:
            await self._rows.insert_one(first)
        except DuplicateError:
            return await self._hit_again(first, at)
        return True

    async def reset(self, email_index: str) -> int:
        """Begin anew: the owner has shown that the mails are wanted, or is gone."""
        return await self._rows.delete_many(
            {"_id": {"$in": [email_index, *(email_index + matter for matter in COOLDOWN_SCOPES)]}}
        )

    async def _hit_again(self, first: MailCooldownDocument, at: datetime) -> bool:
        if await self._rows.replace_one(first, expect={"created_at": {"$lte": at - _DAY}}):
            return True
        wanted = {"_id": first.id, "next_allowed_at": {"$lte": at}, "sent_count": {"$lt": _MAX_MAILS_PER_DAY}}
        change = {"$set": {"next_allowed_at": first.next_allowed_at}, "$inc": {"sent_count": 1}}
        return await self._rows.update_one(wanted, change) == 1


class LoginThrottle:
    """The defence against guessing one account's password; it counts unknown addresses just the same."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(LoginThrottleDocument)

    async def hit(self, key: str, *, at: datetime) -> bool:
        """Count a guess before it is looked at, so that many at once count too; False when there were too many."""
        for _ in range(_MAX_WRITE_CONFLICTS):
            if await self._increment(key, at) or await self._start_window(key, at):
                return True
            row = await self._rows.get(key)
            if row is not None and row.attempts >= _MAX_ATTEMPTS and row.created_at > at - _ATTEMPT_WINDOW:
                return False
            # Not full: another guess at the same moment was the first, or a right one has just begun anew.
        return False

    async def retry_after(self, key: str, *, at: datetime) -> timedelta:
        """Return how long until the address may be tried again."""
        row = await self._rows.get(key)
        return timedelta() if row is None else max(row.created_at + _ATTEMPT_WINDOW - at, timedelta())

    async def reset(self, key: str) -> int:
        """Begin anew: the right password was given, or the account is gone."""
        return await self._rows.delete_many({"_id": key})

    async def _increment(self, key: str, at: datetime) -> bool:
        wanted = {"_id": key, "attempts": {"$lt": _MAX_ATTEMPTS}, "created_at": {"$gt": at - _ATTEMPT_WINDOW}}
        return await self._rows.update_one(wanted, {"$inc": {"attempts": 1}}) == 1

    async def _start_window(self, key: str, at: datetime) -> bool:
        first = LoginThrottleDocument(id=key, attempts=1, created_at=at)
        if await self._rows.replace_one(first, expect={"created_at": {"$lte": at - _ATTEMPT_WINDOW}}):
            return True
        try:
            await self._rows.insert_one(first)
        except DuplicateError:
            return False
        return True

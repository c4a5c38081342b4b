"""Throttles per email address, known or unknown: e-mails sent to it, and login attempts."""

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
"""How often an attempt that conflicts with others is retried before it is rejected."""
PASSWORD_RESET_SCOPE = ".password_reset"  # noqa: S105 - a suffix, not a secret
EMAIL_CHANGE_SCOPE = ".email_change"
ACCOUNT_LOCK_SCOPE = ".account_lock"
COOLDOWN_SCOPES = (PASSWORD_RESET_SCOPE, EMAIL_CHANGE_SCOPE, ACCOUNT_LOCK_SCOPE)
_EMAIL_INDEX_DATA = Personal(Category.CONTACT, {Purpose.SECURITY}, retain_for(1))


class MailCooldownDocument(Document):
    """The e-mails that anyone can trigger to an address. The id is its blind index and a scope."""

    collection: ClassVar[str] = "mail_cooldowns"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _EMAIL_INDEX_DATA]
    sent_count: int
    next_allowed_at: datetime
    created_at: datetime


class LoginThrottleDocument(Document):
    """The failed login attempts for a key. The id is a blind index."""

    collection: ClassVar[str] = "login_throttles"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _EMAIL_INDEX_DATA]
    attempts: int
    created_at: datetime


class MailCooldowns:
    """Protects the recipient of e-mails: a limit per sender could not."""

    def __init__(self, db: Database, cooldown: timedelta) -> None:
        self._rows = db.get_collection(MailCooldownDocument)
        self._cooldown = cooldown

    async def hit(self, email_index: str, *, scope: str = "", at: datetime) -> bool:
        """Count an e-mail and return whether it may be sent; of several concurrent calls, one returns True.

        Each *scope* counts apart, so that a stranger's sign-up cannot block the owner's password reset.
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
        """Delete the counters of an address: its owner has confirmed an e-mail, or is gone."""
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
    """Limits login attempts per key. Unknown addresses are counted alike, so that they cannot be told apart (I-14)."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(LoginThrottleDocument)

    async def hit(self, key: str, *, at: datetime) -> bool:
        """Count an attempt before it is checked, so that concurrent ones count, too; False if there were too many."""
        for _ in range(_MAX_WRITE_CONFLICTS):
            if await self._increment(key, at) or await self._start_window(key, at):
                return True
            row = await self._rows.get(key)
            if row is not None and row.attempts >= _MAX_ATTEMPTS and row.created_at > at - _ATTEMPT_WINDOW:
                return False
            # Not full: a concurrent attempt opened the window, or a successful one has just reset it.
        return False

    async def retry_after(self, key: str, *, at: datetime) -> timedelta:
        """Return how long until the next attempt is allowed."""
        row = await self._rows.get(key)
        return timedelta() if row is None else max(row.created_at + _ATTEMPT_WINDOW - at, timedelta())

    async def reset(self, key: str) -> int:
        """Delete the counter: an attempt succeeded, or the account is gone."""
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

"""Two bounds that are kept per address, known or not: how often it is written to, how often its password is guessed."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from shared.mongo import Database, Document, DuplicateError
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_MAILS_A_DAY = 5
_DAY = timedelta(days=1)
_GUESSES = 20
_GUESSES_IN = timedelta(minutes=15)
_ATTEMPTS = 10
"""How often a guess that collides with others is counted again before it is refused."""
RESET = ".reset"
NEW_ADDRESS = ".new_address"
LOCK = ".lock"
MATTERS = (RESET, NEW_ADDRESS, LOCK)
_SEEN = Personal(Category.CONTACT, {Purpose.SECURITY}, keep_for(1))


class MailGap(Document):
    """How often strangers made us write to an address lately; the id is its blind index."""

    collection: ClassVar[str] = "mail_gaps"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _SEEN]
    mails: int
    next_at: datetime
    created_at: datetime


class GuessRow(Document):
    """How many wrong passwords were tried for an address lately; the id is its blind index."""

    collection: ClassVar[str] = "guesses"
    subject: ClassVar[str | None] = "id"

    id: Annotated[str, _SEEN]
    guesses: int
    created_at: datetime


class MailGaps:
    """The defence of the person who is written to: a limit per sender cannot be one."""

    def __init__(self, db: Database, gap: timedelta) -> None:
        self._rows = db.collection(MailGap)
        self._gap = gap

    async def claim(self, index: str, *, matter: str = "", at: datetime) -> bool:
        """Tell whether the address may be written to now, and count it; of several at once, one is told yes.

        Each *matter* has its own bound: whoever signs up with an address does not keep its owner's reset away.
        """
        first = MailGap(id=index + matter, mails=1, next_at=at + self._gap, created_at=at)
        try:
            await self._rows.insert(first)
        except DuplicateError:
            return await self._again(first, at)
        return True

    async def forget(self, index: str) -> int:
        """Begin anew: the owner has shown that the mails are wanted, or is gone."""
        return await self._rows.delete({"_id": {"$in": [index, *(index + matter for matter in MATTERS)]}})

    async def _again(self, first: MailGap, at: datetime) -> bool:
        if await self._rows.replace(first, expect={"created_at": {"$lte": at - _DAY}}):
            return True
        wanted = {"_id": first.id, "next_at": {"$lte": at}, "mails": {"$lt": _MAILS_A_DAY}}
        change = {"$set": {"next_at": first.next_at}, "$inc": {"mails": 1}}
        return await self._rows.update(wanted, change) == 1


class Guesses:
    """The defence against guessing one account's password; it counts unknown addresses just the same."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(GuessRow)

    async def claim(self, index: str, *, at: datetime) -> bool:
        """Count a guess before it is looked at, so that many at once count too; False when there were too many."""
        for _ in range(_ATTEMPTS):
            if await self._counted(index, at) or await self._first(index, at):
                return True
            row = await self._rows.get(index)
            if row is not None and row.guesses >= _GUESSES and row.created_at > at - _GUESSES_IN:
                return False
            # Not full: another guess at the same moment was the first, or a right one has just begun anew.
        return False

    async def wait(self, index: str, *, at: datetime) -> timedelta:
        """Return how long until the address may be tried again."""
        row = await self._rows.get(index)
        return timedelta() if row is None else max(row.created_at + _GUESSES_IN - at, timedelta())

    async def forget(self, index: str) -> int:
        """Begin anew: the right password was given, or the account is gone."""
        return await self._rows.delete({"_id": index})

    async def _counted(self, index: str, at: datetime) -> bool:
        wanted = {"_id": index, "guesses": {"$lt": _GUESSES}, "created_at": {"$gt": at - _GUESSES_IN}}
        return await self._rows.update(wanted, {"$inc": {"guesses": 1}}) == 1

    async def _first(self, index: str, at: datetime) -> bool:
        first = GuessRow(id=index, guesses=1, created_at=at)
        if await self._rows.replace(first, expect={"created_at": {"$lte": at - _GUESSES_IN}}):
            return True
        try:
            await self._rows.insert(first)
        except DuplicateError:
            return False
        return True

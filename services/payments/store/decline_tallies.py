"""Declines by account, address block and card range: shared by all processes, under keyed digests, for a day or two.

No account, address or digit of a card is stored, and nothing leads from a tally to a stored card (PCI DSS 3.5.1).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.payments.domain.carding import CardingScope, DeclineBudget, DeclineTally, add_decline
from shared.mongo import Collection, Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

COUNTED_RETENTION = timedelta(days=2)
"""How long a decline is known to be counted; a wait ends after a day at the latest."""
_DIGEST_FIELD = Personal(Category.PSEUDONYM, {Purpose.SECURITY}, retain_for(1, since="forget_at"))


class DeclineTallyDocument(Document):
    """The declines of one key. The id is a keyed digest of the account, the address block or the card range."""

    collection: ClassVar[str] = "decline_tallies"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("blocked_until"), Index("forget_at", expire_after=timedelta()))

    id: Annotated[str, _DIGEST_FIELD]
    count: int
    started_at: datetime
    blocked_until: datetime
    forget_at: datetime


class CountedDeclineDocument(Document):
    """A decline that is counted. The id is a keyed digest of its own id and its scope."""

    collection: ClassVar[str] = "counted_declines"
    indexes: ClassVar[tuple[Index, ...]] = (Index("counted_at", expire_after=COUNTED_RETENTION),)

    counted_at: datetime


class DeclineTallies:
    """The tallies of all accounts, address blocks and card ranges."""

    def __init__(self, db: Database, blind_index: Callable[[str, str], str]) -> None:
        """*blind_index* returns the keyed digest of a value for a context."""
        self._tallies: Collection[DeclineTallyDocument] = db.get_collection(DeclineTallyDocument)
        self._counted: Collection[CountedDeclineDocument] = db.get_collection(CountedDeclineDocument)
        self._blind_index = blind_index

    def digest_key(self, scope: CardingScope, value: str) -> str:
        """Return the id of the tally of an account, an address block or a card range."""
        return self._blind_index("payments.decline_tallies", f"{scope} {value}")

    async def count_decline(
        self, scope: CardingScope, value: str, budget: DeclineBudget, *, decline_id: str, at: datetime
    ) -> DeclineTally | None:
        """Count a decline, in the ambient transaction; None when it is counted already."""
        counted_id = self._blind_index("payments.counted_declines", f"{scope} {decline_id}")
        if await self._counted.get(counted_id) is not None:
            return None
        await self._counted.insert_one(CountedDeclineDocument(id=counted_id, counted_at=at))
        key = self.digest_key(scope, value)
        row = await self._tallies.get(key)
        tally = add_decline(None if row is None else _tally(row), budget, at=at)
        await self._tallies.upsert_one(
            DeclineTallyDocument(
                id=key,
                count=tally.count,
                started_at=tally.started_at,
                blocked_until=tally.blocked_until,
                forget_at=tally.forget_at,
            )
        )
        return tally

    async def list_waits(self, *, at: datetime, limit: int) -> dict[str, datetime]:
        """Return the ends of up to *limit* waits, the latest first, by the id of the tally."""
        rows = await self._tallies.list({"blocked_until": {"$gt": at}}, sort=[("blocked_until", -1)], limit=limit)
        return {row.id: row.blocked_until for row in rows}

    async def find_waits(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        """Return the ends of the waits of these tallies, past ones included."""
        rows = await self._tallies.list({"_id": {"$in": list(keys)}})
        return {row.id: row.blocked_until for row in rows}

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the tally of this account; return how many there were: 0 or 1."""
        return await self._tallies.delete_many({"_id": self.digest_key(CardingScope.ACCOUNT, account_id)})


def _tally(row: DeclineTallyDocument) -> DeclineTally:
    return DeclineTally(
        count=row.count, started_at=row.started_at, blocked_until=row.blocked_until, forget_at=row.forget_at
    )

"""How many installations asked for tokens, by week and by a keyed digest of the address.

The key is drawn for the week and deleted with it: afterwards no one can compute which address a count belongs to.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from shared.mongo import Collection, Database, Document, DuplicateError, Index
from shared.personal import Category, Personal, Retention
from shared.policy import Purpose

_UNTIL_EXPIRY = Retention(limit=timedelta(0), since="expires_at")


class AddressKeyDocument(Document):
    """The key of the digests of one week; ``_id`` is the week."""

    collection: ClassVar[str] = "address_keys"
    indexes: ClassVar[tuple[Index, ...]] = (Index("expires_at"),)
    key: Annotated[bytes, Personal(Category.PSEUDONYM, {Purpose.SECURITY}, _UNTIL_EXPIRY)]
    expires_at: datetime


class IssuanceDocument(Document):
    """The issuances to one address in a week; ``_id`` is the week and the keyed digest of the address."""

    collection: ClassVar[str] = "issuances"
    indexes: ClassVar[tuple[Index, ...]] = (Index("expires_at"),)
    count: Annotated[int, Personal(Category.PSEUDONYM, {Purpose.SECURITY}, _UNTIL_EXPIRY)]
    expires_at: datetime


class Issuances:
    """The counts of the running week."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[IssuanceDocument] = db.get_collection(IssuanceDocument)
        self._keys: Collection[AddressKeyDocument] = db.get_collection(AddressKeyDocument)

    async def count_one(self, week: str, address: str, *, limit: int, new_key: bytes, expires_at: datetime) -> bool:
        """Count an issuance to *address* in *week*; False when *limit* are counted. *new_key* is used if there is none.

        Not inside a transaction, which a duplicate aborts.
        """
        key = await self._get_or_add_key(week, new_key, expires_at)
        count_id = f"{week}:{hmac.new(key, address.encode(), hashlib.sha256).hexdigest()}"
        if await self._increment(count_id, limit):
            return True
        try:
            await self._rows.insert_one(IssuanceDocument(id=count_id, count=1, expires_at=expires_at))
        except DuplicateError:  # at the limit, or another request has just inserted it
            return await self._increment(count_id, limit)
        return True

    async def _increment(self, count_id: str, limit: int) -> bool:
        return await self._rows.update_one({"_id": count_id, "count": {"$lt": limit}}, {"$inc": {"count": 1}}) == 1

    async def _get_or_add_key(self, week: str, new_key: bytes, expires_at: datetime) -> bytes:
        found = await self._keys.get(week)
        if found is None:
            fresh = AddressKeyDocument(id=week, key=new_key, expires_at=expires_at)
            try:
                await self._keys.insert_one(fresh)
            except DuplicateError:
                found = await self._keys.get(week)
            else:
                found = fresh
        assert found is not None, "the key of a week that is still running was deleted"
        return found.key

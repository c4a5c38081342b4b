"""Suppressions: the proofs that subscriptions ended."""

from collections.abc import AsyncIterator
from datetime import datetime

from services.newsletter.domain.subscriptions.subscriptions import Suppression
from services.newsletter.store.personal_data import address_index
from services.newsletter.store.subscriptions.documents import ConsentValue, SuppressionDocument
from shared.crypto import Vault
from shared.mongo import Collection, Database

_BATCH_SIZE = 500


class Suppressions:
    """The suppressions of all lists, by the blind index of the address."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SuppressionDocument] = db.get_collection(SuppressionDocument)
        self._vault = vault

    async def add(self, suppression: Suppression, *, index: str, reason: str, staff_id: str) -> None:
        """Insert a suppression under the blind *index* of the address."""
        await self._rows.insert_one(
            SuppressionDocument(
                id=suppression.suppression_id,
                subscription_id=suppression.subscription_id,
                list_id=suppression.list_id,
                account_id=suppression.account_id,
                address_index=index,
                consent=ConsentValue.from_domain(suppression.consent),
                subscribed_at=suppression.subscribed_at,
                unsubscribed_at=suppression.unsubscribed_at,
                method=suppression.method,
                reason=reason,
                staff_id=staff_id,
            )
        )

    async def get_latest(self, list_id: str, email: str) -> Suppression | None:
        """Return the newest suppression of an address on a list; None when there is none."""
        where = {"address_index": address_index(self._vault, email), "list_id": list_id}
        row = await self._rows.find_one(where, sort=[("unsubscribed_at", -1)])
        return _suppression(row) if row else None

    async def mark_resubscribed(self, suppression_id: str, at: datetime) -> None:
        """Record that the address subscribed again."""
        await self._rows.update_one({"_id": suppression_id, "resubscribed_at": None}, {"$set": {"resubscribed_at": at}})

    async def list_by_account(self, account_id: str) -> list[Suppression]:
        """Return the suppressions of an account."""
        rows = await self._rows.list({"account_id": account_id}, sort=["unsubscribed_at"])
        return [_suppression(row) for row in rows]

    async def anonymize(self, account_id: str) -> int:
        """Remove the account and the reason from its suppressions; return how many."""
        change = {"$set": {"account_id": "", "reason": ""}}
        return await self._rows.update_many({"account_id": account_id}, change)

    async def list_by_subscriptions(self, subscription_ids: set[str]) -> list[Suppression]:
        """Return the suppressions of some subscriptions."""
        rows = await self._rows.list({"subscription_id": {"$in": sorted(subscription_ids)}})
        return [_suppression(row) for row in rows]

    async def iter_newest_first(self) -> AsyncIterator[list[Suppression]]:
        """Yield all suppressions in batches of up to 500, the newest first."""
        batch: list[Suppression] = []
        async for row in self._rows.iter_documents({}, sort=[("unsubscribed_at", -1)]):
            batch.append(_suppression(row))
            if len(batch) == _BATCH_SIZE:
                yield batch
                batch = []
        if batch:
            yield batch


def _suppression(row: SuppressionDocument) -> Suppression:
    return Suppression(
        suppression_id=row.id,
        subscription_id=row.subscription_id,
        list_id=row.list_id,
        account_id=row.account_id,
        consent=row.consent.to_domain(),
        subscribed_at=row.subscribed_at,
        unsubscribed_at=row.unsubscribed_at,
        method=row.method,
        resubscribed_at=row.resubscribed_at,
    )

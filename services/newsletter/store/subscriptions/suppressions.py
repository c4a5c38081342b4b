"""Suppressions: the proofs that subscriptions ended, and addresses suppressed without one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.subscriptions import SuppressedAddress, Suppression
from services.newsletter.store.personal_data import AddressIndexes, address_index, folded_index, slice_filter
from services.newsletter.store.subscriptions.documents import (
    ConsentValue,
    SuppressedAddressDocument,
    SuppressionDocument,
)
from shared.crypto import Vault
from shared.mongo import Collection, Database

_BATCH_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedSuppression:
    """A suppression with the blind index of its address in any letter case."""

    suppression: Suppression
    folded_index: str


class Suppressions:
    """The suppressions of all lists, by the blind index of the address."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SuppressionDocument] = db.get_collection(SuppressionDocument)
        self._vault = vault

    async def add(self, suppression: Suppression, *, indexes: AddressIndexes, reason: str, staff_id: str) -> None:
        """Insert a suppression under the blind *indexes* of the address."""
        await self._rows.insert_one(
            SuppressionDocument(
                id=suppression.suppression_id,
                subscription_id=suppression.subscription_id,
                list_id=suppression.list_id,
                account_id=suppression.account_id,
                address_index=indexes.exact,
                folded_index=indexes.folded,
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

    async def has_open(self, list_id: str, email: str) -> bool:
        """Return whether an address, in any letter case, left a list and did not come back."""
        where = {"folded_index": folded_index(self._vault, email), "list_id": list_id, "resubscribed_at": None}
        return await self._rows.find_one(where) is not None

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

    async def iter_sample(
        self, size: int, *, newer_than: datetime, start_id: str
    ) -> AsyncIterator[list[IndexedSuppression]]:
        """Yield suppressions in batches of up to 500, the newest first.

        All of them if they are at most *size*; else some newer than that time, and some from the random *start_id*.
        """
        rows = await self._rows.list({}, limit=size + 1)
        if len(rows) > size:
            newest = await self._rows.list({"unsubscribed_at": {"$gt": newer_than}}, limit=size)
            slice_of_ids = await self._rows.list(slice_filter(start_id), limit=size)
            rows = list({row.id: row for row in (*newest, *slice_of_ids)}.values())
        rows.sort(key=lambda row: row.unsubscribed_at, reverse=True)
        for start in range(0, len(rows), _BATCH_SIZE):
            yield [
                IndexedSuppression(suppression=_suppression(row), folded_index=row.folded_index)
                for row in rows[start : start + _BATCH_SIZE]
            ]


class SuppressedAddresses:
    """The addresses that get no newsletters although no subscription of them ended here."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SuppressedAddressDocument] = db.get_collection(SuppressedAddressDocument)
        self._vault = vault

    def index_address(self, email: str) -> str:
        """Return the blind index under which an address is suppressed."""
        return folded_index(self._vault, email)

    async def add(self, entry: SuppressedAddress, *, folded: str) -> bool:
        """Insert an entry under the blind index *folded*; False when its list and reason are there: it stays."""
        same = {"folded_index": folded, "list_id": entry.list_id, "reason": entry.reason}
        if await self._rows.find_one(same) is not None:
            return False
        await self._rows.insert_one(
            SuppressedAddressDocument(
                id=entry.suppressed_address_id,
                folded_index=folded,
                list_id=entry.list_id,
                reason=entry.reason,
                origin=entry.origin,
                suppressed_at=entry.suppressed_at,
                is_final=entry.is_final,
            )
        )
        return True

    async def list_by_email(self, email: str) -> list[SuppressedAddress]:
        """Return the entries of an address in any letter case."""
        where = {"folded_index": folded_index(self._vault, email)}
        return [_suppressed_address(row) for row in await self._rows.list(where)]

    async def list_by_origin(self, origin: str) -> list[tuple[str, SuppressedAddress]]:
        """Return the entries of one origin, each with its blind index."""
        rows = await self._rows.list({"origin": origin})
        return [(row.folded_index, _suppressed_address(row)) for row in rows]

    async def list_undoable_until(self, suppressed_at: datetime, limit: int) -> list[tuple[str, SuppressedAddress]]:
        """Return entries that are not final and were made up to that time, each with its blind index."""
        where = {"is_final": False, "suppressed_at": {"$lte": suppressed_at}}
        rows = await self._rows.list(where, sort=["suppressed_at"], limit=limit)
        return [(row.folded_index, _suppressed_address(row)) for row in rows]

    async def mark_final(self, suppressed_address_id: str) -> None:
        """Record that the verdict behind an entry can no longer be undone."""
        await self._rows.update_one({"_id": suppressed_address_id}, {"$set": {"is_final": True}})

    async def delete(self, suppressed_address_id: str) -> None:
        """Delete an entry: its verdict was undone, or the owner of the address confirmed a subscription."""
        await self._rows.delete_one({"_id": suppressed_address_id})


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


def _suppressed_address(row: SuppressedAddressDocument) -> SuppressedAddress:
    return SuppressedAddress(
        suppressed_address_id=row.id,
        list_id=row.list_id,
        reason=row.reason,
        origin=row.origin,
        suppressed_at=row.suppressed_at,
        is_final=row.is_final,
    )

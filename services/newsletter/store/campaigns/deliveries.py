"""The deliveries of campaigns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.newsletter.domain.campaigns.batches import CampaignBatch
from services.newsletter.domain.campaigns.campaigns import ERASED_PREFIX, CampaignDelivery, DeliveryState
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from shared.mongo import Collection, Database

_MAX_NEWEST = 2_000
_FIELDS = tuple(field for field in CampaignDeliveryDocument.model_fields if field != "id")


class CampaignDeliveries:
    """The deliveries of all campaigns."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDeliveryDocument] = db.get_collection(CampaignDeliveryDocument)

    async def list_existing(self, campaign_id: str, subscription_ids: Sequence[str]) -> set[str]:
        """Return those of the subscriptions that have a delivery of this campaign."""
        found = await self._rows.list({"subscription_id": {"$in": list(subscription_ids)}})
        return {row.subscription_id for row in found if row.campaign_id == campaign_id}

    async def add(self, campaign_id: str, subscriptions: Mapping[str, str], at: datetime) -> None:
        """Insert a waiting delivery for each subscription; *subscriptions* maps mail ids to their ids."""
        await self._rows.insert_many(
            CampaignDeliveryDocument(
                id=mail_id,
                campaign_id=campaign_id,
                subscription_id=subscription_id,
                state=DeliveryState.WAITING,
                queued_at=at,
            )
            for mail_id, subscription_id in subscriptions.items()
        )

    async def get_by_mail_id(self, mail_id: str) -> CampaignDelivery | None:
        """Return the delivery of an email; None when it is none of a campaign."""
        row = await self._rows.get(mail_id)
        return _delivery(row) if row else None

    async def list_by_batch(self, batch: CampaignBatch) -> list[CampaignDelivery]:
        """Return the deliveries of a batch."""
        found = await self._rows.list_fields({"_id": {"$in": list(batch.delivery_ids)}}, _FIELDS)
        return [_read_delivery(raw) for raw in found]

    async def write_attempts(self, deliveries: Iterable[CampaignDelivery], *, at: datetime) -> None:
        """Store the last step of deliveries, as made *at* one time, so that those with the same step share a write.

        Answers come before marks: an answer is durable when the next email of its connection is marked.
        """
        groups: dict[tuple[Any, ...], list[str]] = {}
        for each in sorted(deliveries, key=lambda found: found.answer_is_lost):
            groups.setdefault(tuple(_last_step(each, at).items()), []).append(each.delivery_id)
        await self._rows.update_in_order(
            [({"_id": {"$in": ids}}, {"$set": dict(step)}) for step, ids in groups.items()]
        )

    async def anonymize_by_subscriptions(self, subscription_ids: Sequence[str]) -> int:
        """Cut the tie between deliveries and their recipients, who are erased; return how many.

        The rows stay: they are the mail log of campaigns (C04), and an email is found by its id.
        """
        rows = await self._rows.list({"subscription_id": {"$in": list(subscription_ids)}}) if subscription_ids else []
        for row in rows:
            await self._rows.update_one({"_id": row.id}, {"$set": {"subscription_id": f"{ERASED_PREFIX}{row.id}"}})
        return len(rows)

    async def list_by_subscriptions(
        self, subscription_ids: Sequence[str], *, after: str, limit: int
    ) -> list[CampaignDelivery]:
        """Return up to *limit* deliveries of some subscriptions, after the id *after*."""
        where = {"subscription_id": {"$in": list(subscription_ids)}, "_id": {"$gt": after}}
        return [_delivery(row) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def list_accepted_since(self, subscription_ids: Sequence[str], since: datetime) -> list[CampaignDelivery]:
        """Return the deliveries of some subscriptions that the relay accepted after *since*."""
        where = {
            "subscription_id": {"$in": list(subscription_ids)},
            "completed_at": {"$gt": since},
            "state": DeliveryState.ACCEPTED,
        }
        return [_delivery(row) for row in await self._rows.list(where)]

    async def list_newest_accepted(self, batches: Sequence[CampaignBatch]) -> list[CampaignDelivery]:
        """Return accepted deliveries: of those that were stored last, and of *batches*, those sent last.

        Without those whose recipient was erased.
        """
        rows = await self._rows.list({}, sort=[("queued_at", -1)], limit=_MAX_NEWEST)
        found = {row.id: _delivery(row) for row in rows}
        for batch in batches:
            found |= {each.delivery_id: each for each in await self.list_by_batch(batch)}
        return [each for each in found.values() if each.state is DeliveryState.ACCEPTED and not each.is_anonymous]


def _last_step(delivery: CampaignDelivery, at: datetime) -> dict[str, Any]:
    """Return the fields that the last step of *delivery* has changed."""
    if delivery.answer_is_lost:
        return {"attempted_at": at, "repeats": delivery.repeats}
    step = {
        "state": delivery.state,
        "due_at": delivery.due_at,
        "code": delivery.code,
        "enhanced_code": delivery.enhanced_code,
    }
    if delivery.state is DeliveryState.WAITING:
        return {**step, "attempts": delivery.attempts, "attempted_at": None}
    return {**step, "completed_at": at}


def _delivery(row: CampaignDeliveryDocument) -> CampaignDelivery:
    return CampaignDelivery(
        delivery_id=row.id,
        campaign_id=row.campaign_id,
        subscription_id=row.subscription_id,
        state=row.state,
        attempts=row.attempts,
        repeats=row.repeats,
        due_at=row.due_at,
        code=row.code,
        enhanced_code=row.enhanced_code,
        attempted_at=row.attempted_at,
        completed_at=row.completed_at,
    )


def _read_delivery(raw: Mapping[str, Any]) -> CampaignDelivery:
    """Return a stored delivery without validating it: a worker reads many, and writes only what it changes."""
    return CampaignDelivery(
        delivery_id=raw["_id"],
        campaign_id=raw["campaign_id"],
        subscription_id=raw["subscription_id"],
        state=DeliveryState(raw["state"]),
        attempts=raw.get("attempts", 0),
        repeats=raw.get("repeats", 0),
        due_at=raw.get("due_at"),
        code=raw.get("code", 0),
        enhanced_code=raw.get("enhanced_code", ""),
        attempted_at=raw.get("attempted_at"),
        completed_at=raw.get("completed_at"),
    )

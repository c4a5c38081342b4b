"""The deliveries of campaigns."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.newsletter.domain.campaigns.campaigns import CampaignDelivery, DeliveryCounts, DeliveryState
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from shared.mongo import Collection, Database

_MAX_NEWEST = 2_000


class CampaignDeliveries:
    """The deliveries of all campaigns."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDeliveryDocument] = db.get_collection(CampaignDeliveryDocument)

    async def list_existing(self, campaign_id: str, subscription_ids: Sequence[str]) -> set[str]:
        """Return those of the subscriptions that have a delivery of this campaign."""
        ids = [_id(campaign_id, each) for each in subscription_ids]
        return {row.subscription_id for row in await self._rows.list({"_id": {"$in": ids}})}

    async def add(self, campaign_id: str, mail_ids: Mapping[str, str], at: datetime) -> None:
        """Insert a waiting delivery for each subscription; *mail_ids* maps subscription ids to queued emails."""
        await self._rows.insert_many(
            CampaignDeliveryDocument(
                id=_id(campaign_id, subscription_id),
                campaign_id=campaign_id,
                subscription_id=subscription_id,
                mail_id=mail_id,
                state=DeliveryState.WAITING,
                queued_at=at,
            )
            for subscription_id, mail_id in mail_ids.items()
        )

    async def mark_attempted(self, mail_id: str, at: datetime) -> None:
        """Record that an email is being relayed."""
        await self._rows.update_one({"mail_id": mail_id}, {"$set": {"attempted_at": at}})

    async def complete(self, mail_id: str, state: DeliveryState, at: datetime) -> None:
        """Record the outcome of an email; nothing happens when its delivery was erased."""
        await self._rows.update_one({"mail_id": mail_id}, {"$set": {"state": state, "completed_at": at}})

    async def count_waiting(self, campaign_id: str) -> int:
        """Return how many emails of a campaign have no outcome yet."""
        return await self._rows.count_documents({"campaign_id": campaign_id, "state": DeliveryState.WAITING})

    async def count_by_state(self, campaign_id: str) -> DeliveryCounts:
        """Return the number of deliveries in each state."""
        group = {"$group": {"_id": "$state", "count": {"$sum": 1}}}
        rows = await self._rows.run_pipeline([{"$match": {"campaign_id": campaign_id}}, group])
        return {DeliveryState(row["_id"]): int(row["count"]) for row in rows}

    async def delete_by_subscriptions(self, subscription_ids: Sequence[str]) -> int:
        """Delete the deliveries of some subscriptions; return how many."""
        return (
            await self._rows.delete_many({"subscription_id": {"$in": list(subscription_ids)}})
            if subscription_ids
            else 0
        )

    async def list_by_subscriptions(
        self, subscription_ids: Sequence[str], *, after: str, limit: int
    ) -> list[tuple[str, CampaignDelivery]]:
        """Return up to *limit* deliveries of some subscriptions with their ids, after the id *after*."""
        where = {"subscription_id": {"$in": list(subscription_ids)}, "_id": {"$gt": after}}
        return [(row.id, _delivery(row)) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def list_accepted_since(self, subscription_ids: Sequence[str], since: datetime) -> list[CampaignDelivery]:
        """Return the deliveries of some subscriptions that the relay accepted after *since*."""
        where = {
            "subscription_id": {"$in": list(subscription_ids)},
            "completed_at": {"$gt": since},
            "state": DeliveryState.ACCEPTED,
        }
        return [_delivery(row) for row in await self._rows.list(where)]

    async def list_newest_accepted(self) -> list[CampaignDelivery]:
        """Return the deliveries that the relay accepted last."""
        where = {"state": DeliveryState.ACCEPTED}
        rows = await self._rows.list(where, sort=[("completed_at", -1)], limit=_MAX_NEWEST)
        return [_delivery(row) for row in rows]


def _id(campaign_id: str, subscription_id: str) -> str:
    return f"{campaign_id}.{subscription_id}"


def _delivery(row: CampaignDeliveryDocument) -> CampaignDelivery:
    return CampaignDelivery(
        campaign_id=row.campaign_id,
        subscription_id=row.subscription_id,
        state=row.state,
        attempted_at=row.attempted_at,
        completed_at=row.completed_at,
    )

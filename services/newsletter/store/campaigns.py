"""Campaigns and their deliveries."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.newsletter.domain import Campaign, CampaignDelivery, CampaignState, DeliveryCounts, DeliveryState
from services.newsletter.store.documents import CampaignDeliveryDocument, CampaignDocument, DeliveryCountsValue
from shared.mongo import Collection, Database, DuplicateError

_MAX_RUNNING = 100
_MAX_NEWEST = 2_000


class Campaigns:
    """The campaigns."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDocument] = db.get_collection(CampaignDocument)

    async def add(self, campaign: Campaign, *, idempotency_key: str) -> Campaign:
        """Keep a draft; when *operation* has made one before, return that."""
        row = CampaignDocument(
            id=campaign.campaign_id,
            list_id=campaign.list_id,
            subject_line=campaign.subject,
            body=campaign.text,
            state=campaign.state,
            idempotency_key=idempotency_key,
            created_at=campaign.created_at,
        )
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            found = await self._rows.find_one({"idempotency_key": idempotency_key})
            if found is None:
                raise
            return _campaign(found)
        return campaign

    async def get(self, campaign_id: str) -> Campaign | None:
        """Return a campaign."""
        row = await self._rows.get(campaign_id)
        return _campaign(row) if row else None

    async def get_many(self, campaign_ids: set[str]) -> list[Campaign]:
        """Return some campaigns."""
        return [_campaign(row) for row in await self._rows.list({"_id": {"$in": sorted(campaign_ids)}})]

    async def start(self, campaign_id: str, at: datetime) -> bool:
        """Let a draft be sent to those who are on its list now; False when it was begun before."""
        change = {"state": CampaignState.SENDING, "started_at": at}
        return await self._rows.update_one({"_id": campaign_id, "state": CampaignState.DRAFT}, {"$set": change}) == 1

    async def list_running(self) -> list[Campaign]:
        """Return the campaigns that are being sent, those begun first before the others."""
        rows = await self._rows.list({"state": CampaignState.SENDING}, sort=["started_at"], limit=_MAX_RUNNING)
        return [_campaign(row) for row in rows]

    async def advance_cursor(self, campaign: Campaign, *, cursor: str, recipients_queued: bool) -> bool:
        """Move the cursor on, unless somebody else has; in one transaction with the letters it passes."""
        same = {"_id": campaign.campaign_id, "state": CampaignState.SENDING, "cursor": campaign.cursor}
        change = {"cursor": cursor, "recipients_queued": recipients_queued}
        return await self._rows.update_one({**same, "recipients_queued": False}, {"$set": change}) == 1

    async def complete(self, campaign_id: str, counts: DeliveryCounts, at: datetime) -> bool:
        """Write down what became of it; False when somebody else has."""
        change = {"state": CampaignState.SENT, "sent_at": at, "counts": _counts_value(counts).model_dump()}
        return await self._rows.update_one({"_id": campaign_id, "state": CampaignState.SENDING}, {"$set": change}) == 1


class CampaignDeliveries:
    """The letters of all campaigns."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDeliveryDocument] = db.get_collection(CampaignDeliveryDocument)

    async def list_existing(self, campaign_id: str, subscription_ids: Sequence[str]) -> set[str]:
        """Return those of the subscriptions that have a letter of this campaign."""
        ids = [_id(campaign_id, each) for each in subscription_ids]
        return {row.subscription_id for row in await self._rows.list({"_id": {"$in": ids}})}

    async def add(self, campaign_id: str, mail_ids: Mapping[str, str], at: datetime) -> None:
        """Keep a waiting letter for each subscription and mail."""
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
        """Note that a letter goes to the relay."""
        await self._rows.update_one({"mail_id": mail_id}, {"$set": {"attempted_at": at}})

    async def complete(self, mail_id: str, state: DeliveryState, at: datetime) -> None:
        """Note what became of a letter; one that was erased with its reader is not missed."""
        await self._rows.update_one({"mail_id": mail_id}, {"$set": {"state": state, "completed_at": at}})

    async def count_waiting(self, campaign_id: str) -> int:
        """Return how many letters of a campaign are not settled."""
        return await self._rows.count_documents({"campaign_id": campaign_id, "state": DeliveryState.WAITING})

    async def count_by_state(self, campaign_id: str) -> DeliveryCounts:
        """Return how many letters are in which state."""
        group = {"$group": {"_id": "$state", "count": {"$sum": 1}}}
        rows = await self._rows.run_pipeline([{"$match": {"campaign_id": campaign_id}}, group])
        return {DeliveryState(row["_id"]): int(row["count"]) for row in rows}

    async def delete_by_subscriptions(self, subscription_ids: Sequence[str]) -> int:
        """Delete the letters of some subscriptions; return how many."""
        return (
            await self._rows.delete_many({"subscription_id": {"$in": list(subscription_ids)}})
            if subscription_ids
            else 0
        )

    async def list_by_subscriptions(
        self, subscription_ids: Sequence[str], *, after: str, limit: int
    ) -> list[tuple[str, CampaignDelivery]]:
        """Return up to *most* letters of some subscriptions with their ids, after the id *after*."""
        where = {"subscription_id": {"$in": list(subscription_ids)}, "_id": {"$gt": after}}
        return [(row.id, _delivery(row)) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def list_accepted_since(self, subscription_ids: Sequence[str], since: datetime) -> list[CampaignDelivery]:
        """Return the letters of some subscriptions that the relay accepted after a moment."""
        where = {
            "subscription_id": {"$in": list(subscription_ids)},
            "completed_at": {"$gt": since},
            "state": DeliveryState.ACCEPTED,
        }
        return [_delivery(row) for row in await self._rows.list(where)]

    async def list_newest_accepted(self) -> list[CampaignDelivery]:
        """Return the letters that the relay accepted last."""
        where = {"state": DeliveryState.ACCEPTED}
        rows = await self._rows.list(where, sort=[("completed_at", -1)], limit=_MAX_NEWEST)
        return [_delivery(row) for row in rows]


def _id(campaign_id: str, subscription_id: str) -> str:
    return f"{campaign_id}.{subscription_id}"


def _campaign(row: CampaignDocument) -> Campaign:
    return Campaign(
        campaign_id=row.id,
        list_id=row.list_id,
        subject=row.subject_line,
        text=row.body,
        state=row.state,
        started_at=row.started_at,
        cursor=row.cursor,
        recipients_queued=row.recipients_queued,
        counts={DeliveryState(name): count for name, count in row.counts.model_dump().items()},
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def _counts_value(counts: DeliveryCounts) -> DeliveryCountsValue:
    return DeliveryCountsValue(**{state.value: count for state, count in counts.items()})


def _delivery(row: CampaignDeliveryDocument) -> CampaignDelivery:
    return CampaignDelivery(
        campaign_id=row.campaign_id,
        subscription_id=row.subscription_id,
        state=row.state,
        attempted_at=row.attempted_at,
        completed_at=row.completed_at,
    )

"""Campaigns."""

from datetime import datetime

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, DeliveryCounts, DeliveryState
from services.newsletter.store.campaigns.documents import CampaignDocument, DeliveryCountsValue
from shared.mongo import Collection, Database

_MAX_RUNNING = 100


class Campaigns:
    """The campaigns of all lists."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDocument] = db.get_collection(CampaignDocument)

    async def add(self, campaign: Campaign, *, idempotency_key: str) -> Campaign:
        """Insert a draft, or return the campaign that *idempotency_key* created before."""
        row = CampaignDocument(
            id=campaign.campaign_id,
            list_id=campaign.list_id,
            subject_line=campaign.subject,
            body=campaign.text,
            state=campaign.state,
            idempotency_key=idempotency_key,
            created_at=campaign.created_at,
        )
        return _campaign(await self._rows.insert_once(row, key="idempotency_key"))

    async def get(self, campaign_id: str) -> Campaign | None:
        """Return a campaign; None when it does not exist."""
        row = await self._rows.get(campaign_id)
        return _campaign(row) if row else None

    async def get_many(self, campaign_ids: set[str]) -> list[Campaign]:
        """Return those of the campaigns that exist."""
        return [_campaign(row) for row in await self._rows.list({"_id": {"$in": sorted(campaign_ids)}})]

    async def start(self, campaign_id: str, at: datetime) -> bool:
        """Start sending a draft; False when it is no draft."""
        change = {"state": CampaignState.SENDING, "started_at": at}
        return await self._rows.update_one({"_id": campaign_id, "state": CampaignState.DRAFT}, {"$set": change}) == 1

    async def list_running(self) -> list[Campaign]:
        """Return the campaigns that are being sent, the earliest first."""
        rows = await self._rows.list({"state": CampaignState.SENDING}, sort=["started_at"], limit=_MAX_RUNNING)
        return [_campaign(row) for row in rows]

    async def advance_cursor(self, campaign: Campaign, *, cursor: str, recipients_queued: bool) -> bool:
        """Advance the cursor, in one transaction with the emails it passes; False when another process has."""
        same = {"_id": campaign.campaign_id, "state": CampaignState.SENDING, "cursor": campaign.cursor}
        change = {"cursor": cursor, "recipients_queued": recipients_queued}
        return await self._rows.update_one({**same, "recipients_queued": False}, {"$set": change}) == 1

    async def complete(self, campaign_id: str, counts: DeliveryCounts, at: datetime) -> bool:
        """Mark a campaign as sent, with its final counts; False when another process has."""
        change = {"state": CampaignState.SENT, "sent_at": at, "counts": _counts_value(counts).model_dump()}
        return await self._rows.update_one({"_id": campaign_id, "state": CampaignState.SENDING}, {"$set": change}) == 1


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

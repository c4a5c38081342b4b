"""The batches of campaigns, and who holds them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.newsletter.domain.campaigns.batches import (
    BATCH_CODE_LENGTH,
    MAIL_ID_LENGTH,
    MAIL_ID_PREFIX,
    BatchState,
    CampaignBatch,
    parse_batch_code,
)
from services.newsletter.domain.campaigns.campaigns import DeliveryCounts, DeliveryState
from services.newsletter.store.campaigns.documents import CampaignBatchDocument, DeliveryCountsValue
from services.newsletter.store.personal_data import slice_filter
from shared.mongo import Collection, Database

_NEWEST = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MEMBER_LENGTH = MAIL_ID_LENGTH - BATCH_CODE_LENGTH
_FIELDS = tuple(field for field in CampaignBatchDocument.model_fields if field not in ("id", "members"))
"""What lists of batches are read with: without the members, which are most of a batch."""


class CampaignBatches:
    """The batches of all campaigns. Each change expects the holder or the beat that its caller has seen."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignBatchDocument] = db.get_collection(CampaignBatchDocument)
        self._transact = db.with_transaction

    async def add(self, batches: Iterable[CampaignBatch]) -> None:
        """Insert batches."""
        await self._rows.insert_many(
            CampaignBatchDocument(
                id=each.batch_id,
                campaign_id=each.campaign_id,
                state=each.state,
                size=each.size,
                members="".join(delivery_id[-_MEMBER_LENGTH:] for delivery_id in each.delivery_ids),
                due_at=each.due_at,
            )
            for each in batches
        )

    async def get(self, batch_id: str) -> CampaignBatch | None:
        """Return a batch; None when it does not exist."""
        row = await self._rows.get(batch_id)
        return _batch(row) if row else None

    async def list_busy(self, campaign_id: str) -> list[CampaignBatch]:
        """Return the batches of a campaign that workers have been told of or hold."""
        states = [BatchState.QUEUED, BatchState.HELD]
        return await self._list({"campaign_id": campaign_id, "state": {"$in": states}})

    async def list_ready(self, campaign_id: str, *, limit: int) -> list[CampaignBatch]:
        """Return the batches of a campaign that wait for their time, the earliest first."""
        where = {"campaign_id": campaign_id, "state": BatchState.READY}
        return await self._list(where, sort=["due_at"], limit=limit)

    async def list_by_campaign(self, campaign_id: str) -> list[CampaignBatch]:
        """Return the batches of a campaign, in no order."""
        return await self._list({"campaign_id": campaign_id})

    async def list_held(self) -> list[CampaignBatch]:
        """Return the batches that a worker holds."""
        return await self._list({"state": BatchState.HELD})

    async def list_newest_composed(self) -> list[CampaignBatch]:
        """Return the batches whose emails were composed last, newest first."""
        rows = await self._rows.list({"composed_at": {"$gt": _EPOCH}}, sort=[("composed_at", -1)], limit=_NEWEST)
        return [_batch(row) for row in rows]

    async def list_composed(self, *, until: datetime) -> list[CampaignBatch]:
        """Return the batches of the last 90 days that were composed not later than *until*, without their members."""
        return await self._list({"composed_at": {"$gt": _EPOCH, "$lte": until}})

    async def list_done_sample(self, start_id: str) -> list[CampaignBatch]:
        """Return batches that were sent in the last 90 days: the newest, and some from the random *start_id*."""
        others = [_batch(row) for row in await self._rows.list(slice_filter(start_id), limit=_NEWEST)]
        found = {each.batch_id: each for each in (*await self.list_newest_composed(), *others)}
        return [each for each in found.values() if each.state is BatchState.DONE]

    async def mark_queued(self, batch: CampaignBatch, *, retry_at: datetime) -> bool:
        """Record that workers are told of *batch*; it is told again at *retry_at* unless one has claimed it by then."""
        return await self._change(batch, {"state": BatchState.QUEUED, "due_at": retry_at})

    async def claim(self, batch: CampaignBatch, *, holder: str, composed_at: datetime, dkim_selector: str) -> bool:
        """Let *holder* hold *batch*; False when it has changed since it was read."""
        change = {
            "state": BatchState.HELD,
            "holder": holder,
            "composed_at": batch.composed_at or composed_at,
            "dkim_selector": dkim_selector if batch.dkim_selector is None else batch.dkim_selector,
            "settled_at": None,
        }
        return await self._change(batch, change)

    async def renew_hold(self, batch_id: str, *, holder: str) -> bool:
        """Show that *holder* is alive; False when it does not hold the batch any more."""
        return await self._update({"_id": batch_id, "holder": holder}, {"$inc": {"beat": 1}})

    async def release_hold(
        self,
        batch_id: str,
        *,
        holder: str,
        at: datetime,
        due_at: datetime | None,
        counts: DeliveryCounts,
        repeated_count: int,
    ) -> bool:
        """Let the batch go *at* that time: done when *due_at* is None, else it is sent again from then on."""
        change: dict[str, Any] = {
            "state": BatchState.DONE if due_at is None else BatchState.READY,
            "holder": "",
            "counts": DeliveryCountsValue(**{state.value: count for state, count in counts.items()}).model_dump(),
            "repeated_count": repeated_count,
            "settled_at": at,
        }
        if due_at is not None:
            change["due_at"] = due_at
        return await self._update({"_id": batch_id, "holder": holder}, _beat(change))

    async def take_back_from(self, batch_id: str, *, holder: str, due_at: datetime) -> bool:
        """Let the batch go as it was before *holder* claimed it."""
        change = {"state": BatchState.READY, "holder": "", "due_at": due_at}
        return await self._update({"_id": batch_id, "holder": holder}, _beat(change))

    async def take_back(self, batch: CampaignBatch, *, due_at: datetime) -> bool:
        """Take *batch* from a holder that has shown no life since it was read."""
        return await self._change(batch, {"state": BatchState.READY, "holder": "", "due_at": due_at})

    async def _list(self, where: dict[str, Any], **options: Any) -> list[CampaignBatch]:
        found = await self._rows.list_fields(where, _FIELDS, **options)
        return [_batch(CampaignBatchDocument.from_mongo(raw)) for raw in found]

    async def _change(self, batch: CampaignBatch, change: dict[str, Any]) -> bool:
        return await self._update({"_id": batch.batch_id, "beat": batch.beat}, _beat(change))

    async def _update(self, where: dict[str, Any], change: dict[str, Any]) -> bool:
        # In a transaction the embedded server finds the batch by its id; outside, two conditions would scan them all.
        async def work() -> int:
            return await self._rows.update_one(where, change)

        return await self._transact(work) == 1


def _beat(change: dict[str, Any]) -> dict[str, Any]:
    return {"$set": change, "$inc": {"beat": 1}}


def _batch(row: CampaignBatchDocument) -> CampaignBatch:
    return CampaignBatch(
        batch_id=row.id,
        campaign_id=row.campaign_id,
        state=row.state,
        size=row.size,
        delivery_ids=_build_delivery_ids(row),
        composed_at=row.composed_at,
        dkim_selector=row.dkim_selector,
        settled_at=row.settled_at,
        due_at=row.due_at,
        holder=row.holder,
        beat=row.beat,
        counts={DeliveryState(name): count for name, count in row.counts.model_dump().items()},
        repeated_count=row.repeated_count,
    )


def _build_delivery_ids(row: CampaignBatchDocument) -> tuple[str, ...]:
    prefix = MAIL_ID_PREFIX + parse_batch_code(row.id)
    starts = range(0, len(row.members), _MEMBER_LENGTH)
    return tuple(prefix + row.members[start : start + _MEMBER_LENGTH] for start in starts)

"""Campaigns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.newsletter.domain.campaigns.answers import WINDOW, AnswerKind, StopVerdict
from services.newsletter.domain.campaigns.campaigns import (
    Campaign,
    CampaignProgress,
    CampaignState,
    DeliveryCounts,
    DeliveryState,
    StopReason,
)
from services.newsletter.domain.campaigns.restores import DispatcherMark
from services.newsletter.domain.campaigns.schedule import Schedule
from services.newsletter.store.campaigns.documents import CampaignDocument, DeliveryCountsValue, DispatcherDocument
from shared.mongo import Collection, Database

_MAX_ACTIVE = 100
_MAX_LISTED = 200
_DISPATCHER_ID = "dispatcher"


class Campaigns:
    """The campaigns of all lists. A change of state expects the states from which it is allowed."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDocument] = db.get_collection(CampaignDocument)
        self._dispatchers: Collection[DispatcherDocument] = db.get_collection(DispatcherDocument)

    async def add(self, campaign: Campaign, *, idempotency_key: str) -> Campaign:
        """Insert a draft, or return the campaign that *idempotency_key* created before."""
        row = CampaignDocument(
            id=campaign.campaign_id,
            list_id=campaign.list_id,
            segment_id=campaign.segment_id,
            subject_line=campaign.subject,
            body=campaign.text,
            state=campaign.state,
            is_public=campaign.is_public,
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

    async def list_by_state(self, *states: CampaignState) -> list[Campaign]:
        """Return the campaigns in some states, the earliest first."""
        rows = await self._rows.list({"state": {"$in": list(states)}}, limit=_MAX_ACTIVE)
        return sorted(map(_campaign, rows), key=lambda found: found.started_at or found.created_at)

    async def list_after(self, *, after: str | None, limit: int) -> list[Campaign]:
        """Return up to *limit* campaigns after the id *after*, for staff."""
        rows = await self._rows.list({"_id": {"$gt": after}} if after else {}, sort=["_id"], limit=limit)
        return [_campaign(row) for row in rows]

    async def list_archived(self, list_id: str) -> list[Campaign]:
        """Return the public campaigns of a list that were sent, the newest first."""
        rows = await self._rows.list({"list_id": list_id, "state": CampaignState.SENT, "is_public": True})
        newest_first = sorted(map(_campaign, rows), key=lambda found: found.sent_at or found.created_at, reverse=True)
        return newest_first[:_MAX_LISTED]

    async def update_draft(self, campaign_id: str, *, subject: str, text: str, is_public: bool) -> bool:
        """Replace the contents of a campaign that has not been started."""
        change = {"subject_line": subject, "body": text, "is_public": is_public}
        where = _in_states(campaign_id, CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.HELD)
        return await self._rows.update_one(where, {"$set": change}) == 1

    async def schedule(self, campaign_id: str, schedule: Schedule) -> bool:
        """Set the time of a campaign that has not been started; a second schedule replaces the first."""
        where = _in_states(campaign_id, CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.HELD)
        change = {
            "state": CampaignState.SCHEDULED,
            "scheduled_at": schedule.at,
            "time_zone": schedule.time_zone,
            **_stop(None),
        }
        return await self._rows.update_one(where, {"$set": change}) == 1

    async def clear_schedule(self, campaign_id: str) -> bool:
        """Make a scheduled or held campaign a draft again."""
        where = _in_states(campaign_id, CampaignState.SCHEDULED, CampaignState.HELD)
        change = {"state": CampaignState.DRAFT, "scheduled_at": None, "time_zone": "", **_stop(None)}
        return await self._rows.update_one(where, {"$set": change}) == 1

    async def start(self, campaign_id: str, at: datetime, *, expect: Sequence[CampaignState]) -> bool:
        """Start sending to those who are subscribed *at* that time."""
        change = {"state": CampaignState.SENDING, "started_at": at, **_stop(None)}
        return await self._rows.update_one(_in_states(campaign_id, *expect), {"$set": change}) == 1

    async def mark_held(self, campaign_id: str, verdict: StopVerdict) -> bool:
        """Hold a scheduled campaign whose time was missed."""
        change = {"state": CampaignState.HELD, **_stop(verdict)}
        return await self._rows.update_one(_in_states(campaign_id, CampaignState.SCHEDULED), {"$set": change}) == 1

    async def mark_paused(self, campaign_id: str, verdict: StopVerdict) -> bool:
        """Pause a campaign that is being sent."""
        change = {"state": CampaignState.PAUSED, **_stop(verdict)}
        return await self._rows.update_one(_in_states(campaign_id, CampaignState.SENDING), {"$set": change}) == 1

    async def resume(self, campaign_id: str) -> bool:
        """Go on with a paused campaign; its answers so far are not held against it again."""
        change = {"state": CampaignState.SENDING, "newest_answers": [], **_stop(None)}
        return await self._rows.update_one(_in_states(campaign_id, CampaignState.PAUSED), {"$set": change}) == 1

    async def cancel(self, campaign_id: str) -> bool:
        """End a campaign for good; what has not been sent stays unsent."""
        where = _in_states(
            campaign_id,
            CampaignState.DRAFT,
            CampaignState.SCHEDULED,
            CampaignState.HELD,
            CampaignState.SENDING,
            CampaignState.PAUSED,
        )
        change = {"state": CampaignState.CANCELLED, **_stop(StopVerdict(StopReason.STAFF, ""))}
        return await self._rows.update_one(where, {"$set": change}) == 1

    async def advance_progress(self, campaign: Campaign, progress: CampaignProgress) -> bool:
        """Store how far the recipients are, in the transaction of their deliveries; False when another process has."""
        same = {
            "_id": campaign.campaign_id,
            "state": CampaignState.SENDING,
            "audience_step": campaign.progress.step,
            "has_audience": False,
        }
        change = {
            "audience_step": progress.step,
            "has_audience": progress.is_complete,
            "recipient_count": progress.recipient_count,
        }
        return await self._rows.update_one(same, {"$set": change}) == 1

    async def complete(self, campaign_id: str, counts: DeliveryCounts, repeated_count: int, at: datetime) -> bool:
        """Mark a campaign as sent, with its final counts; False when another process has."""
        change = {
            "state": CampaignState.SENT,
            "sent_at": at,
            "counts": DeliveryCountsValue(**{state.value: count for state, count in counts.items()}).model_dump(),
            "repeated_count": repeated_count,
        }
        return await self._rows.update_one(_in_states(campaign_id, CampaignState.SENDING), {"$set": change}) == 1

    async def record_answers(self, campaign_id: str, kinds: Sequence[AnswerKind]) -> None:
        """Append answers of the relay to the last 500."""
        newest = {"newest_answers": {"$each": [kind.value for kind in kinds], "$slice": -WINDOW}}
        await self._rows.update_one({"_id": campaign_id}, {"$push": newest})

    async def list_newest_answers(self, campaign_id: str) -> tuple[AnswerKind, ...]:
        """Return the last 500 answers of the relay, the newest last."""
        row = await self._rows.get(campaign_id)
        return row.newest_answers if row else ()

    async def read_dispatcher(self) -> DispatcherMark | None:
        """Return when campaigns were last dispatched, and for which data; None if never."""
        row = await self._dispatchers.get(_DISPATCHER_ID)
        return DispatcherMark(seen_at=row.seen_at, data_epoch=row.data_epoch) if row else None

    async def write_dispatcher(self, mark: DispatcherMark) -> None:
        """Store that campaigns are being dispatched."""
        await self._dispatchers.upsert_one(
            DispatcherDocument(id=_DISPATCHER_ID, seen_at=mark.seen_at, data_epoch=mark.data_epoch)
        )


def _in_states(campaign_id: str, *states: CampaignState) -> dict[str, Any]:
    return {"_id": campaign_id, "state": {"$in": [state.value for state in states]}}


def _stop(verdict: StopVerdict | None) -> dict[str, Any]:
    return {
        "stop_reason": None if verdict is None else verdict.reason,
        "stop_detail": "" if verdict is None else verdict.detail,
    }


def _campaign(row: CampaignDocument) -> Campaign:
    return Campaign(
        campaign_id=row.id,
        list_id=row.list_id,
        segment_id=row.segment_id,
        subject=row.subject_line,
        text=row.body,
        state=row.state,
        stop_reason=row.stop_reason,
        stop_detail=row.stop_detail,
        scheduled_at=row.scheduled_at,
        time_zone=row.time_zone,
        started_at=row.started_at,
        progress=CampaignProgress(
            step=row.audience_step, is_complete=row.has_audience, recipient_count=row.recipient_count
        ),
        counts={DeliveryState(name): count for name, count in row.counts.model_dump().items()},
        repeated_count=row.repeated_count,
        is_public=row.is_public,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )

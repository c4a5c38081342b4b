"""How campaigns are shown."""

from services.newsletter.domain.campaigns.campaigns import Campaign, DeliveryState
from services.newsletter.domain.campaigns.schedule import Schedule
from shared.clock import rfc3339
from shared.web import Timestamp, View


class ScheduleView(View):
    """When a campaign is sent: the instant, and the local time of the zone in which it was given."""

    at: Timestamp
    local_time: str
    time_zone: str


class StopView(View):
    """Why a campaign does not go on."""

    reason: str
    detail: str


class CampaignView(View):
    """A campaign and the number of its emails in each state."""

    campaign_id: str
    list_id: str
    segment_id: str
    """Empty for the whole list."""
    subject: str
    text: str
    state: str
    stopped: StopView | None
    schedule: ScheduleView | None
    is_public: bool
    recipient_count: int
    counts: dict[str, int]
    repeated_count: int
    """Emails that went out again because the relay's answer was lost."""
    created_at: Timestamp
    started_at: Timestamp | None
    sent_at: Timestamp | None


class CampaignPreviewView(View):
    """A campaign as its recipient gets it."""

    subject: str
    text: str
    html: str


def campaign_view(campaign: Campaign) -> CampaignView:
    """Return the view of *campaign* for its editors."""
    return CampaignView(
        campaign_id=campaign.campaign_id,
        list_id=campaign.list_id,
        segment_id=campaign.segment_id,
        subject=campaign.subject,
        text=campaign.text,
        state=campaign.state.value,
        stopped=None
        if campaign.stop_reason is None
        else StopView(reason=campaign.stop_reason.value, detail=campaign.stop_detail),
        schedule=_schedule_view(campaign),
        is_public=campaign.is_public,
        recipient_count=campaign.progress.recipient_count,
        counts={state.value: campaign.counts.get(state, 0) for state in DeliveryState},
        repeated_count=campaign.repeated_count,
        created_at=rfc3339(campaign.created_at),
        started_at=rfc3339(campaign.started_at) if campaign.started_at else None,
        sent_at=rfc3339(campaign.sent_at) if campaign.sent_at else None,
    )


def _schedule_view(campaign: Campaign) -> ScheduleView | None:
    if campaign.scheduled_at is None:
        return None
    schedule = Schedule(campaign.scheduled_at, campaign.time_zone)
    return ScheduleView(
        at=rfc3339(schedule.at), local_time=schedule.local_time.isoformat(), time_zone=schedule.time_zone
    )

"""Campaigns and the deliveries of their emails."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CampaignState(StrEnum):
    """The state of a campaign; *sent* when every delivery is complete."""

    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"


class DeliveryState(StrEnum):
    """The state of one email of a campaign."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    """The relay accepted responsibility for it; whether it reached the mailbox is unknown."""
    SUPPRESSED = "suppressed"
    """The recipient had unsubscribed before it was sent."""
    FAILED = "failed"
    EXPIRED = "expired"


DeliveryCounts = dict[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One email to all subscribers that a list has when sending starts."""

    campaign_id: str
    list_id: str
    subject: str
    text: str
    state: CampaignState
    started_at: datetime | None
    """The recipients are those who subscribed up to this time."""
    cursor: str
    """The id of the last subscription whose email is queued."""
    recipients_queued: bool
    """Whether the emails to all recipients are queued."""
    counts: DeliveryCounts
    """Final when the campaign is sent; before that they are counted from the deliveries."""
    created_at: datetime
    sent_at: datetime | None

    def batch_size(self, maximum: int) -> int:
        """Return how many emails one transaction queues: at most *maximum*, and 4 MB (MongoDB allows 16)."""
        email_bytes = 3 * len(json.dumps(self.text)) + 4_000  # queued as JSON with text and HTML
        return max(1, min(maximum, 4_000_000 // email_bytes))


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDelivery:
    """The delivery of a campaign to one subscription; there is at most one of each pair."""

    campaign_id: str
    subscription_id: str
    state: DeliveryState
    attempted_at: datetime | None
    completed_at: datetime | None

    @property
    def sent_at(self) -> datetime | None:
        """When it was relayed, as precisely as is stored."""
        return self.attempted_at or self.completed_at

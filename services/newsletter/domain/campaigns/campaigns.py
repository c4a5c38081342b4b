"""What a campaign is, and the states it goes through."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

CAMPAIGN_EMAIL = "newsletter.campaign"
"""The kind of the emails of campaigns, in the mail log and in their headers."""
ERASED_PREFIX = "erased_"
"""What the subscription of a delivery begins with once its owner was erased: the email stays in the mail log (C04)."""
MISSED_AFTER = timedelta(hours=1)
"""A scheduled campaign that is later than this is held: its news may be old, and a person decides."""


class CampaignState(StrEnum):
    """The state of a campaign; *sent* when every delivery is complete."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    HELD = "held"
    """Its time was missed by more than an hour; a person decides."""
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SENT = "sent"


class StopReason(StrEnum):
    """Why a campaign is held, paused or cancelled."""

    STAFF = "staff"
    SOFT_REFUSALS = "soft_refusals"
    """A fifth of the last 500 answers were temporary refusals."""
    BLOCKED = "blocked"
    """One in fifty of the last 500 answers refused us, not the recipient."""
    INTERRUPTED = "interrupted"
    """Nothing was sent for a long time: the data may come from a backup."""
    MISSED = "missed"
    """The time of the schedule passed by more than an hour ago."""


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
class CampaignProgress:
    """How far the recipients of a campaign have been stored."""

    step: int = 0
    """Grows with each portion that is stored."""
    is_complete: bool = False
    """Whether every recipient has a delivery."""
    recipient_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One email to all subscribers that a list has when sending starts."""

    campaign_id: str
    list_id: str
    segment_id: str = ""
    """The segment of the list; empty for the whole list."""
    subject: str
    text: str
    """The editor's Markdown."""
    state: CampaignState
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    """The figures behind *stop_reason*, for staff."""
    scheduled_at: datetime | None = None
    time_zone: str = ""
    """The IANA zone in which the schedule was given."""
    started_at: datetime | None
    """The recipients are those who subscribed up to this time."""
    progress: CampaignProgress = field(default_factory=CampaignProgress)
    counts: DeliveryCounts
    """Final when the campaign is sent; before that they are counted from the deliveries."""
    repeated_count: int = 0
    """Emails that went out again because the relay's answer was lost."""
    is_public: bool = True
    """Whether the archive shows it once it is sent."""
    created_at: datetime
    sent_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether its emails may be sent."""
        return self.state is CampaignState.SENDING

    def is_missed(self, at: datetime) -> bool:
        """Return whether its scheduled time passed too long ago to send it without asking."""
        return self.scheduled_at is not None and at - self.scheduled_at > MISSED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDelivery:
    """The delivery of a campaign to one subscription; there is at most one of each pair."""

    delivery_id: str
    """Also the id of the email, in its Message-ID and its return address."""
    campaign_id: str
    subscription_id: str
    state: DeliveryState
    attempts: int = 0
    repeats: int = 0
    """How often it went out again because the relay's answer was lost."""
    due_at: datetime | None = None
    """When it is tried again; None when it was never deferred."""
    code: int = 0
    """The last SMTP reply; 0 without one."""
    enhanced_code: str = ""
    attempted_at: datetime | None
    completed_at: datetime | None

    @property
    def answer_is_lost(self) -> bool:
        """Whether it may be with the relay although no answer is stored."""
        return self.state is DeliveryState.WAITING and self.attempted_at is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether its recipient was erased."""
        return self.subscription_id.startswith(ERASED_PREFIX)

    def is_due(self, at: datetime) -> bool:
        """Return whether it can be sent *at* that time."""
        return self.state is DeliveryState.WAITING and (self.due_at is None or self.due_at <= at)

    def mark_attempt(self, at: datetime) -> "CampaignDelivery":
        """Return it as it is stored just before its content goes to the relay."""
        return replace(self, attempted_at=at, repeats=self.repeats + self.answer_is_lost)

    def complete(self, state: DeliveryState, at: datetime, *, code: int = 0, enhanced: str = "") -> "CampaignDelivery":
        """Return it with its final *state*."""
        return replace(self, state=state, completed_at=at, due_at=None, code=code, enhanced_code=enhanced)

    def defer_until(self, until: datetime, *, code: int = 0, enhanced: str = "") -> "CampaignDelivery":
        """Return it as one that is tried again, after an answer of the relay (*code*) or a limit of ours (0)."""
        attempts = self.attempts + (code > 0)
        return replace(
            self, attempts=attempts, attempted_at=None, due_at=until, code=code or self.code, enhanced_code=enhanced
        )

    @property
    def sent_at(self) -> datetime | None:
        """When it was relayed, as precisely as is stored."""
        return self.attempted_at or self.completed_at


def count_by_state(deliveries: Iterable[CampaignDelivery]) -> DeliveryCounts:
    """Return the number of deliveries in each state."""
    counts: DeliveryCounts = {}
    for each in deliveries:
        counts[each.state] = counts.get(each.state, 0) + 1
    return counts

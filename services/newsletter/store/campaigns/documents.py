"""The stored documents and the declarations of their personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.newsletter.domain.campaigns.campaigns import CampaignState, DeliveryState
from services.newsletter.store.personal_data import USES
from shared.mongo import Document, EmbeddedValue, Index
from shared.personal import Category, Personal, retain_for

_DELIVERY = Personal(Category.PSEUDONYM, USES, retain_for(400, since="queued_at"))


class DeliveryCountsValue(EmbeddedValue):
    """The number of emails in each state, final when the campaign is sent."""

    waiting: int = 0
    accepted: int = 0
    suppressed: int = 0
    failed: int = 0
    expired: int = 0


class CampaignDocument(Document):
    """A campaign and the progress of queueing its emails."""

    collection: ClassVar[str] = "campaigns"
    indexes: ClassVar[tuple[Index, ...]] = (Index("idempotency_key", unique=True), Index("state"))

    list_id: str
    subject_line: str
    body: str
    state: CampaignState
    started_at: datetime | None = None
    cursor: str = ""
    recipients_queued: bool = False
    counts: DeliveryCountsValue = DeliveryCountsValue()
    idempotency_key: str
    created_at: datetime
    sent_at: datetime | None = None


class CampaignDeliveryDocument(Document):
    """One email of a campaign; its id is made of campaign and subscription, so there is no duplicate."""

    collection: ClassVar[str] = "deliveries"
    subject: ClassVar[str | None] = "subscription_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("campaign_id", "state"),
        Index("state", "completed_at"),
        Index("mail_id", unique=True),
        Index("subscription_id", "completed_at"),
    )

    campaign_id: str
    subscription_id: Annotated[str, _DELIVERY]
    mail_id: str
    state: DeliveryState
    queued_at: datetime
    attempted_at: datetime | None = None
    """When its recipient was last found to be subscribed, just before it was relayed."""
    completed_at: datetime | None = None

"""The stored documents and the declarations of their personal data."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from services.newsletter.domain.campaigns.answers import AnswerKind
from services.newsletter.domain.campaigns.batches import BatchState
from services.newsletter.domain.campaigns.campaigns import CampaignState, DeliveryState, StopReason
from services.newsletter.store.personal_data import USES
from shared.mail.log import MAIL_LOG_RETENTION
from shared.mongo import Document, EmbeddedValue, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

# For operators, too: a delivery is the entry of its email in the mail log (C04).
_DELIVERY = Personal(
    Category.PSEUDONYM, USES | {Purpose.OPERATIONS, Purpose.SUPPORT}, retain_for(400, since="queued_at")
)


class DeliveryCountsValue(EmbeddedValue):
    """The number of emails in each state."""

    waiting: int = 0
    accepted: int = 0
    suppressed: int = 0
    failed: int = 0
    expired: int = 0


class CampaignDocument(Document):
    """A campaign, and how far its recipients are stored."""

    collection: ClassVar[str] = "campaigns"
    indexes: ClassVar[tuple[Index, ...]] = (Index("idempotency_key", unique=True), Index("state"), Index("list_id"))

    list_id: str
    segment_id: str = ""
    subject_line: str
    body: str
    state: CampaignState
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    scheduled_at: datetime | None = None
    time_zone: str = ""
    started_at: datetime | None = None
    audience_step: int = 0
    has_audience: bool = False
    """Whether every recipient has a delivery."""
    recipient_count: int = 0
    counts: DeliveryCountsValue = DeliveryCountsValue()
    repeated_count: int = 0
    is_public: bool = True
    newest_answers: tuple[AnswerKind, ...] = ()
    """The last 500 answers of the relay."""
    idempotency_key: str
    created_at: datetime
    sent_at: datetime | None = None


class CampaignBatchDocument(Document):
    """A batch of deliveries and who holds it; see ``CampaignBatch``.

    It stays when it is done: the probe of C04 looks for each of its emails in the mail log.
    """

    collection: ClassVar[str] = "campaign_batches"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("state"),
        Index("campaign_id", "state", "due_at"),
        Index("composed_at", expire_after=MAIL_LOG_RETENTION),
    )

    campaign_id: str
    state: BatchState
    size: int
    members: str = ""
    """The last 12 characters of the id of each delivery: looked up by id, they need no index of their own."""
    composed_at: datetime | None = None
    dkim_selector: str | None = None
    """The key that signs its emails, from the first attempt on; empty for none."""
    settled_at: datetime | None = None
    """When a worker let it go last; None while one holds it. No answer to its emails is later."""
    due_at: datetime
    holder: str = ""
    beat: int = 0
    counts: DeliveryCountsValue = DeliveryCountsValue()
    """As of the last time that a worker let it go."""
    repeated_count: int = 0


class CampaignDeliveryDocument(Document):
    """One email of a campaign; its id is the id of the email, and begins with the code of its batch."""

    collection: ClassVar[str] = "deliveries"
    subject: ClassVar[str | None] = "subscription_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("subscription_id", "campaign_id", unique=True),
        Index("queued_at"),
    )

    campaign_id: str
    subscription_id: Annotated[str, _DELIVERY]
    state: DeliveryState
    attempts: int = 0
    repeats: int = 0
    due_at: datetime | None = None
    code: int = 0
    enhanced_code: str = ""
    queued_at: datetime
    attempted_at: datetime | None = None
    """When its recipient was last found to be subscribed, just before it was relayed; None again once the relay has
    answered "not now"."""
    completed_at: datetime | None = None


class SendingBudgetDocument(Document):
    """How many emails were sent in a period that has a limit."""

    collection: ClassVar[str] = "sending_budgets"
    indexes: ClassVar[tuple[Index, ...]] = (Index("expires_at", expire_after=timedelta(0)),)

    used: int
    expires_at: datetime


class DispatcherDocument(Document):
    """When campaigns were last dispatched: a long gap means that the data may come from a backup."""

    collection: ClassVar[str] = "campaign_dispatchers"

    seen_at: datetime
    data_epoch: str = ""
    """The setting of that name when it was written."""

"""The stored documents and the declarations of their personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.newsletter.domain.inbound.judge import Door, TokenState
from services.newsletter.domain.inbound.verdicts import Reason, Verdict
from services.newsletter.store.personal_data import USES
from shared.mongo import Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

RECEIVED_RETENTION_DAYS = 90
_ABOUT = Personal(Category.PSEUDONYM, USES, retain_for(RECEIVED_RETENTION_DAYS, since="received_at"))
_STAFF = Personal(Category.PSEUDONYM, {Purpose.OPERATIONS}, retain_for(RECEIVED_RETENTION_DAYS, since="received_at"))
# The worker deletes a kept mail and its key after 30 days; this is the backstop.
_CONTENT = Personal(Category.CONTENT, {Purpose.SUPPORT}, retain_for(31, since="received_at"))
_SCORE = Personal(Category.PSEUDONYM, USES, retain_for(400, since="last_at"))


class ReceivedMailDocument(Document):
    """A mail that came in and the verdict on it, without its text and without an address (C04)."""

    collection: ClassVar[str] = "received_mails"
    subject: ClassVar[str | None] = "subscription_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("dedup_key", unique=True),
        Index("received_at"),
        Index("needs_a_person", "_id"),
        Index("subscription_id"),
    )

    received_at: datetime
    door: Door
    token: TokenState
    verdict: Verdict
    reason: Reason
    counts: bool
    needs_a_person: bool
    service: str
    mail_id: str
    campaign_id: str
    subscription_id: Annotated[str, _ABOUT]
    size: int
    dedup_key: str
    """A hash of the recipient and of the Message-ID: a mail that is delivered twice counts once."""
    reverted_at: datetime | None = None
    reverted_by: Annotated[str, _STAFF] = ""


class KeptMailDocument(Document):
    """The beginning of a mail that came in, for staff, sealed under a key of its own."""

    collection: ClassVar[str] = "kept_mails"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("received_at"), Index("subscription_id"))

    received_at: datetime
    subscription_id: Annotated[str, Personal(Category.PSEUDONYM, USES, retain_for(31, since="received_at"))]
    sealed: Annotated[bytes, _CONTENT]


class BounceScoreDocument(Document):
    """The score of the address of one subscription, whose id is the id."""

    collection: ClassVar[str] = "bounce_scores"
    subject: ClassVar[str | None] = "id"

    mail_ids: Annotated[tuple[str, ...], _SCORE]
    first_at: datetime
    last_at: datetime


class CampaignReportsDocument(Document):
    """How many reports about a campaign came in; the id is the campaign's."""

    collection: ClassVar[str] = "campaign_reports"

    hard: int = 0
    soft: int = 0
    complaint: int = 0
    unsubscribe: int = 0
    auto_reply: int = 0
    unknown: int = 0
    refused: int = 0
    """Refusals of us: block lists, policy, authentication, size."""

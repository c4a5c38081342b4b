"""Mailing lists, opt-in requests, subscriptions, suppressions and campaigns."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """The text of a consent. A version never changes, so the stored evidence names exactly what was shown."""

    version: str
    text: str

    def render(self, list_name: str) -> str:
        """Return the text for one list, as the form and the confirmation email show it."""
        return self.text.format(list=list_name)


CONSENT_TEXTS = {
    consent.version: consent
    for consent in (
        ConsentText(
            version="1",
            text="Send me the letters of “{list}” at this address, and nothing else, until I leave the list. "
            "I can leave at any time, with one click in each letter and without logging in.",
        ),
        ConsentText(
            version="2",
            text="Send me the emails of “{list}” at this address, and nothing else, until I unsubscribe. "
            "I can unsubscribe at any time with one click in each email, without logging in.",
        ),
    )
}
CURRENT_CONSENT = CONSENT_TEXTS["2"]


class ConsentSource(StrEnum):
    """Where a subscription was requested: on the public page or in an account."""

    PAGE = "page"
    ACCOUNT = "account"


class UnsubscribeMethod(StrEnum):
    """How a subscription was ended (C10)."""

    ONE_CLICK = "one_click"
    PAGE = "page"
    ACCOUNT = "account"
    STAFF = "staff"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list that people can subscribe to."""

    list_id: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The evidence of a consent: text version, source, time of request and of confirmation. No IP address."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInRequest:
    """A subscription that the owner of the address has not confirmed yet (double opt-in)."""

    request_id: str
    list_id: str
    account_id: str
    """The account that requested it; empty without a login."""
    consent_version: str
    source: ConsentSource
    requested_at: datetime
    expires_at: datetime

    def to_consent(self, at: datetime) -> Consent:
        """Return the evidence of a confirmation *at* that time."""
        return Consent(
            consent_version=self.consent_version, source=self.source, requested_at=self.requested_at, confirmed_at=at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInCooldown:
    """Limits confirmation emails to one address, so the form cannot flood a mailbox."""

    pause: timedelta
    max_emails: int = 3
    """To one address within the pause, over all lists; for one list the limit is one."""

    def allows(self, previous: Collection[OptInRequest], list_id: str, at: datetime) -> bool:
        """Return whether one more email may be sent to the address of the *previous* requests."""
        recent = [request for request in previous if at - request.requested_at < self.pause]
        return len(recent) < self.max_emails and all(request.list_id != list_id for request in recent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A confirmed address on one list. A new subscription of the same address to the same list reuses the id."""

    subscription_id: str
    subscriber_id: str
    """The owner of the key that seals the address; new with each subscription."""
    list_id: str
    account_id: str
    consent: Consent
    subscribed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterRecipient:
    """A subscription with its address in clear text."""

    subscription: Subscription
    email: str


RELAY_GRACE_PERIOD = timedelta(seconds=5)
"""An email that was being relayed during the unsubscription is no violation (C10); one that starts later is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The proof that a subscription was confirmed and ended; a keyed hash replaces the address, which is deleted."""

    suppression_id: str
    subscription_id: str
    list_id: str
    account_id: str
    consent: Consent
    subscribed_at: datetime
    unsubscribed_at: datetime
    method: UnsubscribeMethod
    resubscribed_at: datetime | None
    """When a new confirmation for the same address and list was received."""

    def is_violated_at(self, sent_at: datetime) -> bool:
        """Return whether an email relayed at *sent_at* violates C10."""
        is_back = self.resubscribed_at is not None and sent_at >= self.resubscribed_at
        return sent_at > self.unsubscribed_at + RELAY_GRACE_PERIOD and not is_back


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

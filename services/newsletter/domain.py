"""What lists, wishes, subscriptions and campaigns are."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """The words that somebody agrees to; a version never changes, so that the evidence names exactly what was shown."""

    version: str
    text: str

    def render(self, list_name: str) -> str:
        """Return the words as they stand beside the button and in the mail."""
        return self.text.format(list=list_name)


CONSENT_TEXTS = {
    wording.version: wording
    for wording in (
        ConsentText(
            version="1",
            text="Send me the letters of “{list}” at this address, and nothing else, until I leave the list. "
            "I can leave at any time, with one click in each letter and without logging in.",
        ),
    )
}
CURRENT_CONSENT = CONSENT_TEXTS["1"]


class ConsentSource(StrEnum):
    """From where somebody asked to join."""

    PAGE = "page"
    ACCOUNT = "account"


class UnsubscribeMethod(StrEnum):
    """Through what somebody left (C10)."""

    ONE_CLICK = "one_click"
    PAGE = "page"
    ACCOUNT = "account"
    STAFF = "staff"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list that people can join."""

    list_id: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The evidence that somebody wanted it: which words, from where, asked when, confirmed when. No IP address."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInRequest:
    """Somebody asked to join; nobody has confirmed that it was the owner of the address."""

    request_id: str
    list_id: str
    account_id: str
    """The account that was logged in; empty when there was none."""
    consent_version: str
    source: ConsentSource
    requested_at: datetime
    expires_at: datetime

    def to_consent(self, at: datetime) -> Consent:
        """Return the evidence that its confirmation makes."""
        return Consent(
            consent_version=self.consent_version, source=self.source, requested_at=self.requested_at, confirmed_at=at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInCooldown:
    """How many confirmation mails an address may get, so that a form cannot bomb a mailbox."""

    pause: timedelta
    max_emails: int = 3
    """To one address within the pause, for whatever lists; for the same list it is one."""

    def allows(self, previous: Collection[OptInRequest], list_id: str, at: datetime) -> bool:
        """Tell whether one more mail may go to the address for which was *asked* before."""
        recent = [wish for wish in previous if at - wish.requested_at < self.pause]
        return len(recent) < self.max_emails and all(wish.list_id != list_id for wish in recent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One address on one list, confirmed; its id outlives it and comes back when the same person joins again."""

    subscription_id: str
    subscriber_id: str
    """Under whose key the address is sealed; a new one each time the person joins."""
    list_id: str
    account_id: str
    consent: Consent
    subscribed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterRecipient:
    """A subscription and where its letters go."""

    subscription: Subscription
    email: str


UNSETTLED = timedelta(seconds=5)
"""A letter that was being handed to the relay while its reader left is no breach; one begun later than this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The proof that a subscription was confirmed and has ended: a keyed hash stands for the address, which is gone."""

    suppression_id: str
    subscription_id: str
    list_id: str
    account_id: str
    consent: Consent
    subscribed_at: datetime
    unsubscribed_at: datetime
    method: UnsubscribeMethod
    resubscribed_at: datetime | None
    """When the same person joined again, by a fresh confirmation and nothing less."""

    def is_violated_at(self, sent_at: datetime) -> bool:
        """Tell whether a letter that was handed to the relay then breaks the promise (C10)."""
        is_back = self.resubscribed_at is not None and sent_at >= self.resubscribed_at
        return sent_at > self.unsubscribed_at + UNSETTLED and not is_back


class CampaignState(StrEnum):
    """Where a campaign stands; *sent* only when every letter is settled."""

    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"


class DeliveryState(StrEnum):
    """What became of one letter of a campaign."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    """The relay took responsibility for it."""
    SUPPRESSED = "suppressed"
    """Its reader had left before it was sent."""
    FAILED = "failed"
    EXPIRED = "expired"


DeliveryCounts = dict[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One letter to all who are on a list when its sending begins."""

    campaign_id: str
    list_id: str
    subject: str
    text: str
    state: CampaignState
    started_at: datetime | None
    """Whoever joined up to this moment is a recipient."""
    cursor: str
    """The last subscription to which a letter was written."""
    recipients_queued: bool
    """Whether all letters are written."""
    counts: DeliveryCounts
    """Final once the campaign is sent; while it is under way the deliveries tell."""
    created_at: datetime
    sent_at: datetime | None

    def batch_size(self, maximum: int) -> int:
        """Return how many letters fit into one transaction, for which 4 MB are room enough (MongoDB stops at 16)."""
        email_bytes = 3 * len(json.dumps(self.text)) + 4_000  # as it is queued: text and HTML, in JSON
        return max(1, min(maximum, 4_000_000 // email_bytes))


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDelivery:
    """One letter of a campaign to one subscription: there is never a second row of the same two."""

    campaign_id: str
    subscription_id: str
    state: DeliveryState
    attempted_at: datetime | None
    completed_at: datetime | None

    @property
    def sent_at(self) -> datetime | None:
        """When it was given out of hand, as far as is known."""
        return self.attempted_at or self.completed_at

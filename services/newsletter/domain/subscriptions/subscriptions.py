"""Subscriptions and the suppressions that they leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.newsletter.domain.subscriptions.consent import Consent


class UnsubscribeMethod(StrEnum):
    """How a subscription was ended (C10)."""

    ONE_CLICK = "one_click"
    PAGE = "page"
    ACCOUNT = "account"
    STAFF = "staff"
    ERASURE = "erasure"


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

"""Subscriptions and the suppressions that they leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.newsletter.domain.subscriptions.consent import Consent


class UnsubscribeMethod(StrEnum):
    """How a subscription was ended (C10)."""

    ONE_CLICK = "one_click"
    MAIL = "mail"
    """An email to the address in List-Unsubscribe (RFC 2369)."""
    PAGE = "page"
    ACCOUNT = "account"
    STAFF = "staff"
    ERASURE = "erasure"
    SUPPRESSION = "suppression"
    """The address was suppressed: the mailbox does not exist, its owner complained, or had left elsewhere."""


class SuppressionReason(StrEnum):
    """Why an address gets no newsletters, apart from an unsubscription here."""

    BOUNCED = "bounced"
    """The mailbox does not exist."""
    COMPLAINED = "complained"
    """The owner reported an email as spam (RFC 5965)."""
    UNSUBSCRIBED = "unsubscribed"
    """The owner had unsubscribed elsewhere, before the list came to us."""
    STAFF = "staff"
    """Staff recorded it at the owner's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A confirmed address on one list. A new subscription of the same address to the same list reuses the id."""

    subscription_id: str
    subscriber_id: str
    """The owner of the key that seals the address; new with each subscription."""
    list_id: str
    account_id: str
    """The account that was logged in at the confirmation; empty without a login. It never changes."""
    consent: Consent
    subscribed_at: datetime
    suspended_at: datetime | None = None
    """Since when nothing is sent to it, because of a bounce or a complaint that may still be undone."""
    suspension_reason: SuppressionReason | None = None


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

    def forbids_subscription(self, subscription: Subscription) -> bool:
        """Return whether *subscription*, of the same address and list, may not exist: it has no later confirmation."""
        return subscription.consent.confirmed_at <= self.unsubscribed_at

    def is_violated_at(self, sent_at: datetime) -> bool:
        """Return whether an email relayed at *sent_at* violates C10."""
        is_back = self.resubscribed_at is not None and sent_at >= self.resubscribed_at
        return sent_at > self.unsubscribed_at + RELAY_GRACE_PERIOD and not is_back


SUSPENSION_LIMIT = timedelta(days=30)
"""How long a verdict on a bounce or a complaint can be undone; then the suspended subscription is ended for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedAddress:
    """An address that gets no newsletters, known by its keyed hash only. It stops no other email of the platform."""

    suppressed_address_id: str
    list_id: str
    """The only list that it covers; empty for all lists."""
    reason: SuppressionReason
    origin: str
    """Where the reason is recorded: the id of a verdict, or the id of an import."""
    suppressed_at: datetime
    is_final: bool
    """False while the verdict behind it can be undone."""

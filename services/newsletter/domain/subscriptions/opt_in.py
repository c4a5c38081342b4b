"""Opt-in requests and the cooldown of their emails."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.domain.subscriptions.consent import Consent, ConsentSource


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInRequest:
    """A subscription that the owner of the address has not confirmed yet (double opt-in)."""

    request_id: str
    list_id: str
    consent_version: str
    source: ConsentSource
    """It says that an account asked, never which: the customer who typed the address need not own it."""
    requested_at: datetime
    expires_at: datetime
    import_id: str = ""

    def to_consent(self, at: datetime) -> Consent:
        """Return the evidence of a confirmation *at* that time."""
        return Consent(
            consent_version=self.consent_version,
            source=self.source,
            requested_at=self.requested_at,
            confirmed_at=at,
            import_id=self.import_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptInCooldown:
    """Limits confirmation emails to one address, so the form cannot flood a mailbox."""

    pause: timedelta
    max_emails: int = 3
    """To one address within the pause, over all lists; for one list the limit is one."""

    def allows(self, previous: Collection[tuple[str, datetime]], list_id: str, at: datetime) -> bool:
        """Return whether one more email may be sent to an address; *previous*: the list and time of each before."""
        recent = [asked_list for asked_list, asked_at in previous if at - asked_at < self.pause]
        return len(recent) < self.max_emails and list_id not in recent

"""The texts of consents, and the evidence of one."""

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

OPT_IN_LIMIT = timedelta(hours=48)
"""The longest time in which a request can be confirmed."""


class ConsentSource(StrEnum):
    """Where a subscription was requested."""

    PAGE = "page"
    """The public page, without a login."""
    ACCOUNT = "account"
    """The same page, by a customer who was logged in and need not own the address."""
    IMPORT = "import"
    """An invitation to an address of an imported file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The evidence of a consent: text version, source, time of request and of confirmation. No IP address."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime
    import_id: str = ""
    """The import that invited the address; empty unless the source is an import."""

    def is_sound(self, subscribed_at: datetime) -> bool:
        """Return whether it can be the evidence of a double opt-in.

        The text is known, and the owner of the address confirmed it while the link of the request was valid.
        """
        return (
            self.consent_version in CONSENT_TEXTS
            and self.requested_at <= self.confirmed_at <= self.requested_at + OPT_IN_LIMIT
            and self.confirmed_at >= subscribed_at
            and (self.source is ConsentSource.IMPORT) == bool(self.import_id)
        )

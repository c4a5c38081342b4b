"""The texts of consents, and the evidence of one."""

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The evidence of a consent: text version, source, time of request and of confirmation. No IP address."""

    consent_version: str
    source: ConsentSource
    requested_at: datetime
    confirmed_at: datetime

"""Card setups: a customer enters a card on the processor's page, and we receive the processor's reference."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CARD_SETUP_TTL = timedelta(hours=24)
"""How long a setup can be completed; the processor's page is open for at most as long."""


class CardEntry(StrEnum):
    """How cards are entered: on the processor's page, encrypted by the client, or either."""

    HOSTED = "hosted"
    DIRECT = "direct"
    BOTH = "both"

    @property
    def is_hosted(self) -> bool:
        """Whether a customer may use the processor's page."""
        return self is not CardEntry.DIRECT

    @property
    def is_direct(self) -> bool:
        """Whether a client may send an encrypted card."""
        return self is not CardEntry.HOSTED


class CardSetupState(StrEnum):
    """The state of a card setup; it is *open* until the customer has entered a card, or the page has expired."""

    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSetup:
    """A card setup; *card_id* is the id that its card gets."""

    setup_id: str
    account_id: str
    page_reference: str
    card_id: str
    state: CardSetupState
    created_at: datetime

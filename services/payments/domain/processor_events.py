"""Events of the processor: signed hints to read an object again, stored until they are applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class EventState(StrEnum):
    """The state of a stored event."""

    PARKED = "parked"
    """What it is about is not known here yet, or the processor did not answer: it is tried again."""
    APPLIED = "applied"
    IGNORED = "ignored"
    """Of a type that changes nothing here."""
    ABANDONED = "abandoned"
    """Parked for days: a person must look at it."""


class EventObject(StrEnum):
    """What an event is about, and so what is read again."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    CARD = "card"
    CARD_PAGE = "card_page"
    """A card that was declined on the processor's page."""


_TYPES = (
    ("payment_intent.", EventObject.PAYMENT),
    ("refund.", EventObject.REFUND),
    ("charge.refund.", EventObject.REFUND),
    ("charge.dispute.", EventObject.DISPUTE),
    ("payment_method.automatically_updated", EventObject.CARD),
    ("setup_intent.setup_failed", EventObject.CARD_PAGE),
)
"""Types by their beginning. ``charge.refunded`` is left out: it lists no refunds; ``refund.*`` says the same."""


def classify_event(event_type: str) -> EventObject | None:
    """Return what an event of this type is about; None when it changes nothing here."""
    return next((found for start, found in _TYPES if event_type.startswith(start)), None)


_DELAYS = (
    *(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300, 900)),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24, 24)),
)
"""About three days, as long as the processor repeats an event that was not accepted."""

PARKED_ALARM_AFTER = timedelta(hours=1)
"""An event that is parked for longer is reported: a charge of ours is never that late."""


def next_try(attempts: int, at: datetime) -> datetime | None:
    """Return when a parked event is tried again after so many *attempts*; None when it is abandoned."""
    return at + _DELAYS[attempts - 1] if 0 < attempts <= len(_DELAYS) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event that waits."""

    event_id: str
    type: str
    object_id: str
    attempts: int
    received_at: datetime

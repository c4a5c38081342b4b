"""Disputes: a customer asks the bank for the money back, and the bank withdraws it while it decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.payments.domain.charges import DisputeState
from services.payments.domain.journal import EntryKind
from services.payments.domain.money import Money

_RANKS: Mapping[DisputeState, int] = {
    DisputeState.NONE: 0,
    DisputeState.WARNING_NEEDS_RESPONSE: 1,
    DisputeState.WARNING_UNDER_REVIEW: 2,
    DisputeState.WARNING_CLOSED: 3,
    DisputeState.NEEDS_RESPONSE: 4,
    DisputeState.UNDER_REVIEW: 5,
    DisputeState.WON: 6,
    DisputeState.LOST: 6,
}
"""A dispute moves forward only, whatever the order of its events; an inquiry (warning) may become a dispute."""
_OPEN = (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW)
"""The bank has the money, and has not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute of a charge, in full or in part; its id is the processor's."""

    dispute_id: str
    charge_id: str
    account_id: str
    price: Money
    state: DisputeState
    reason: str
    created_at: datetime
    updated_at: datetime

    @property
    def amount_withdrawn(self) -> int:
        """What the bank holds or has kept."""
        return self.price.amount if self.state in (*_OPEN, DisputeState.LOST) else 0

    @property
    def amount_open(self) -> int:
        """What the bank holds until it decides."""
        return self.price.amount if self.state in _OPEN else 0

    @property
    def amount_lost(self) -> int:
        """What the bank has kept."""
        return self.price.amount if self.state is DisputeState.LOST else 0


def is_forward(old: DisputeState, new: DisputeState) -> bool:
    """Return whether a dispute may move from *old* to *new*."""
    return _RANKS[new] > _RANKS[old]


def list_bookings(old: Dispute | None, new: Dispute) -> list[EntryKind]:
    """Return the entries of a move, also when the processor reports the decision of a dispute that was not known."""
    was_open = old is not None and old.amount_open > 0
    opened = [] if was_open or not new.amount_withdrawn else [EntryKind.DISPUTE_OPENED]
    if new.state is DisputeState.LOST:
        return [*opened, EntryKind.DISPUTE_LOST]
    return [EntryKind.DISPUTE_WON] if was_open and not new.amount_withdrawn else opened

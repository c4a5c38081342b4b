"""The journal: double-entry bookkeeping of every amount that is held, moves, or is returned.

A line adds its amount to an account; the lines of an entry total zero. Entries are never changed: a correction is an
entry of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.payments.domain.charges import Charge
from services.payments.domain.money import Money


class JournalAccount(StrEnum):
    """The accounts. A positive balance is a debit, a negative one a credit."""

    HELD = "held"
    """Authorized on cards, neither captured nor released: not our money yet, so *reserved* balances it."""
    RESERVED = "reserved"
    PROCESSOR = "processor"
    """What the processor owes us."""
    SALES = "sales"
    REFUNDS = "refunds"
    CREDITS = "credits"
    """Granted as goodwill, without undoing the sale."""
    DISPUTED = "disputed"
    """Withdrawn by banks while they decide a dispute."""
    DISPUTE_LOSSES = "dispute_losses"


class EntryKind(StrEnum):
    """What an entry records."""

    AUTHORIZATION = "authorization"
    RELEASE = "release"
    CAPTURE = "capture"
    """The money of a sale, and the part of a hold that it uses up."""
    CORRECTION = "correction"
    """What the processor has captured more, or less, than the books say: two people have accepted its figure."""
    REFUND = "refund"
    REFUND_REVERSAL = "refund_reversal"
    """The bank returned the money of a refund that had succeeded."""
    CREDIT = "credit"
    CREDIT_REVERSAL = "credit_reversal"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


_TRANSFERS: Mapping[EntryKind, tuple[JournalAccount, JournalAccount]] = {
    EntryKind.AUTHORIZATION: (JournalAccount.RESERVED, JournalAccount.HELD),
    EntryKind.RELEASE: (JournalAccount.HELD, JournalAccount.RESERVED),
    EntryKind.CAPTURE: (JournalAccount.SALES, JournalAccount.PROCESSOR),
    EntryKind.CORRECTION: (JournalAccount.SALES, JournalAccount.PROCESSOR),
    EntryKind.REFUND: (JournalAccount.PROCESSOR, JournalAccount.REFUNDS),
    EntryKind.REFUND_REVERSAL: (JournalAccount.REFUNDS, JournalAccount.PROCESSOR),
    EntryKind.CREDIT: (JournalAccount.PROCESSOR, JournalAccount.CREDITS),
    EntryKind.CREDIT_REVERSAL: (JournalAccount.CREDITS, JournalAccount.PROCESSOR),
    EntryKind.DISPUTE_OPENED: (JournalAccount.PROCESSOR, JournalAccount.DISPUTED),
    EntryKind.DISPUTE_WON: (JournalAccount.DISPUTED, JournalAccount.PROCESSOR),
    EntryKind.DISPUTE_LOST: (JournalAccount.DISPUTED, JournalAccount.DISPUTE_LOSSES),
}
"""The account that is credited and the one that is debited, for each kind."""
_HOLD_USED = (JournalAccount.HELD, JournalAccount.RESERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """An amount, in minor units, that is added to an account."""

    account: JournalAccount
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A booking of a charge; *source_id* is the charge, refund or dispute that caused it."""

    kind: EntryKind
    charge_id: str
    source_id: str
    currency: str
    lines: tuple[JournalLine, ...]
    recorded_at: datetime

    @property
    def entry_id(self) -> str:
        """The kind with its source, so that what happens once is booked once."""
        return f"{self.kind}:{self.source_id}"


def build_entry(
    kind: EntryKind, *, charge_id: str, source_id: str, price: Money, at: datetime, uses_hold: bool = False
) -> JournalEntry:
    """Return the entry of *kind*; a capture that *uses_hold* also books the end of the hold."""
    transfers = (_TRANSFERS[kind], _HOLD_USED) if uses_hold else (_TRANSFERS[kind],)
    return JournalEntry(
        kind=kind,
        charge_id=charge_id,
        source_id=source_id,
        currency=price.currency,
        lines=tuple(
            JournalLine(account=account, amount=amount)
            for credited, debited in transfers
            for account, amount in ((debited, price.amount), (credited, -price.amount))
        ),
        recorded_at=at,
    )


def book_charge(old: Charge, new: Charge, *, at: datetime) -> list[JournalEntry]:
    """Return the entries of the move of a charge from *old* to *new*.

    Their source is the attempt. A charge that is captured at once was never held.
    """
    was_held = old.amount_authorized > 0
    captured = new.amount_captured - old.amount_captured
    moves = (
        (EntryKind.AUTHORIZATION, 0 if captured else new.amount_authorized - old.amount_authorized),
        (EntryKind.CAPTURE, captured),
        (EntryKind.RELEASE, new.amount_released - old.amount_released if was_held else 0),
    )
    return [
        build_entry(
            kind,
            charge_id=new.charge_id,
            source_id=new.attempt_id,
            price=Money(amount=amount, currency=new.price.currency),
            at=at,
            uses_hold=kind is EntryKind.CAPTURE and was_held,
        )
        for kind, amount in moves
        if amount > 0
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedCharge:
    """What a charge, its refunds and its disputes say about the money, to compare the journal with."""

    charge_id: str
    currency: str
    held: int
    """Authorized, neither captured nor released."""
    captured: int
    refunded: int
    """The total of its succeeded refunds."""
    credited: int
    disputed: int
    """Withdrawn, in a dispute that is not decided."""
    lost: int

    def expected_balances(self) -> dict[JournalAccount, int]:
        """Return the balances that the journal must show for this charge; accounts at zero are left out."""
        balances = {
            JournalAccount.HELD: self.held,
            JournalAccount.RESERVED: -self.held,
            JournalAccount.SALES: -self.captured,
            JournalAccount.REFUNDS: self.refunded,
            JournalAccount.CREDITS: self.credited,
            JournalAccount.DISPUTED: self.disputed,
            JournalAccount.DISPUTE_LOSSES: self.lost,
        }
        balances[JournalAccount.PROCESSOR] = -sum(balances.values())
        return {account: amount for account, amount in balances.items() if amount}


def total_by_account(entries: Iterable[JournalEntry]) -> dict[JournalAccount, int]:
    """Return the balance of each account that is not zero."""
    totals: Counter[JournalAccount] = Counter()
    for entry in entries:
        for line in entry.lines:
            totals[line.account] += line.amount
    return {account: amount for account, amount in totals.items() if amount}


def find_differences(charge: BookedCharge, entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Yield, in one phrase each, what is wrong with the *entries* of *charge*; nothing when the books are right."""
    booked = list(entries)
    for entry in booked:
        if sum(line.amount for line in entry.lines):
            yield f"{entry.entry_id} does not total zero"
        if entry.currency != charge.currency:
            yield f"{entry.entry_id} is in {entry.currency}"
    expected, found = charge.expected_balances(), total_by_account(booked)
    for account in JournalAccount:
        if expected.get(account, 0) != found.get(account, 0):
            yield f"{charge.charge_id}: {account} is {found.get(account, 0)}, not {expected.get(account, 0)}"

"""The repositories, each once."""

from collections.abc import Callable
from dataclasses import dataclass

from services.payments.store import (
    Attempts,
    Books,
    Cards,
    CardSetups,
    Charges,
    ConflictResolutions,
    DeclineTallies,
    Disputes,
    FigureDifferences,
    JournalEntries,
    PendingOrders,
    ProcessorEvents,
    Refunds,
    UsedCardStamps,
)
from shared.mongo import Database


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything that reads or writes the database."""

    cards: Cards
    used_stamps: UsedCardStamps
    setups: CardSetups
    charges: Charges
    attempts: Attempts
    orders: PendingOrders
    decline_tallies: DeclineTallies
    resolutions: ConflictResolutions
    refunds: Refunds
    disputes: Disputes
    journal: JournalEntries
    books: Books
    differences: FigureDifferences
    events: ProcessorEvents


def build_stores(db: Database, blind_index: Callable[[str, str], str]) -> Stores:
    """Return the repositories; nothing is read yet. *blind_index* is the keyed digest of the vault."""
    return Stores(
        cards=Cards(db),
        used_stamps=UsedCardStamps(db),
        setups=CardSetups(db),
        charges=Charges(db),
        attempts=Attempts(db),
        orders=PendingOrders(db),
        decline_tallies=DeclineTallies(db, blind_index),
        resolutions=ConflictResolutions(db),
        refunds=Refunds(db),
        disputes=Disputes(db),
        journal=JournalEntries(db),
        books=Books(db),
        differences=FigureDifferences(db),
        events=ProcessorEvents(db),
    )

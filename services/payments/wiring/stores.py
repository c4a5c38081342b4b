"""The repositories, each once."""

from dataclasses import dataclass

from services.payments.store import (
    Attempts,
    Cards,
    CardSetups,
    Charges,
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
    refunds: Refunds
    disputes: Disputes
    journal: JournalEntries
    differences: FigureDifferences
    events: ProcessorEvents


def build_stores(db: Database) -> Stores:
    """Return the repositories; nothing is read yet."""
    return Stores(
        cards=Cards(db),
        used_stamps=UsedCardStamps(db),
        setups=CardSetups(db),
        charges=Charges(db),
        attempts=Attempts(db),
        orders=PendingOrders(db),
        refunds=Refunds(db),
        disputes=Disputes(db),
        journal=JournalEntries(db),
        differences=FigureDifferences(db),
        events=ProcessorEvents(db),
    )

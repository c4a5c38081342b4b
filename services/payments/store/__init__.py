"""The collections of payments. Their validators reject any further field of a card (C18)."""

from services.payments.store.attempts import AttemptDocument, Attempts, PendingOrderDocument, PendingOrders
from services.payments.store.books import Books
from services.payments.store.card_setups import CardSetupDocument, CardSetups
from services.payments.store.cards import CardDocument, Cards, UsedCardStampDocument, UsedCardStamps
from services.payments.store.charges import ChargeDocument, Charges
from services.payments.store.conflict_resolutions import ConflictResolutionDocument, ConflictResolutions
from services.payments.store.decline_tallies import CountedDeclineDocument, DeclineTallies, DeclineTallyDocument
from services.payments.store.disputes import DisputeDocument, Disputes
from services.payments.store.figures import FigureDifferenceDocument, FigureDifferences
from services.payments.store.journal import JournalEntries, JournalEntryDocument
from services.payments.store.processor_events import ProcessorEventDocument, ProcessorEvents
from services.payments.store.refunds import RefundDocument, Refunds
from shared.mongo import Document
from shared.personal import personal_fields
from shared.policy import Purpose

DOCUMENTS = (
    CardDocument,
    UsedCardStampDocument,
    CardSetupDocument,
    DeclineTallyDocument,
    CountedDeclineDocument,
    ChargeDocument,
    ConflictResolutionDocument,
    AttemptDocument,
    PendingOrderDocument,
    RefundDocument,
    DisputeDocument,
    JournalEntryDocument,
    FigureDifferenceDocument,
    ProcessorEventDocument,
)

__all__ = [
    "DOCUMENTS",
    "Attempts",
    "Books",
    "CardDocument",
    "CardSetups",
    "Cards",
    "Charges",
    "ConflictResolutions",
    "DeclineTallies",
    "Disputes",
    "FigureDifferences",
    "JournalEntries",
    "JournalEntryDocument",
    "PendingOrders",
    "ProcessorEventDocument",
    "ProcessorEvents",
    "Refunds",
    "UsedCardStamps",
    "list_readable_fields",
]


def list_readable_fields(purpose: Purpose) -> list[str]:
    """Return the personal fields of cards and payments that may be read for *purpose*, as the data map names them."""
    documents: tuple[type[Document], ...] = (CardDocument, ChargeDocument, RefundDocument, DisputeDocument)
    return sorted(
        f"payments.{document.collection}.{name}"
        for document in documents
        for name, mark in personal_fields(document).items()
        if mark.allows(purpose)
    )

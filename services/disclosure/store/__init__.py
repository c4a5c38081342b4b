"""Disclosure's collections in MongoDB."""

from services.disclosure.store.agreements import AgreementDocument, Agreements
from services.disclosure.store.cases import CaseDocument, Cases
from services.disclosure.store.ledger import BookDocument, EntryDocument, Ledger, RefusalDocument
from services.disclosure.store.notices import PROOF_KEPT, NoticeDocument, Notices
from services.disclosure.store.results import ResultDocument, Results
from services.disclosure.store.totals import Total, Totals

DOCUMENTS = (
    AgreementDocument,
    CaseDocument,
    NoticeDocument,
    EntryDocument,
    RefusalDocument,
    BookDocument,
    ResultDocument,
)

__all__ = ["DOCUMENTS", "PROOF_KEPT", "Agreements", "Cases", "Ledger", "Notices", "Results", "Total", "Totals"]

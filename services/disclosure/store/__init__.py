"""Disclosure's collections in MongoDB."""

from services.disclosure.store.agreements import AgreementDocument, Agreements
from services.disclosure.store.cases import CaseDocument, Cases, NoticeDocument, Notices
from services.disclosure.store.ledger import EntryDocument, Ledger, RefusalDocument
from services.disclosure.store.results import ResultDocument, Results

DOCUMENTS = (AgreementDocument, CaseDocument, NoticeDocument, EntryDocument, RefusalDocument, ResultDocument)

__all__ = ["DOCUMENTS", "Agreements", "Cases", "Ledger", "Notices", "Results"]

"""Disclosure's collections in MongoDB."""

from services.disclosure.store.access_entries import (
    AccessEntries,
    AccessEntryDocument,
    DeniedAccessDocument,
    LedgerAccountDocument,
)
from services.disclosure.store.agreements import PartnerAgreementDocument, PartnerAgreements
from services.disclosure.store.case_statistics import CaseStatistics, GroundCounts
from services.disclosure.store.cases import CaseDocument, Cases
from services.disclosure.store.log import LOG_DOCUMENTS, LedgerLogStore
from services.disclosure.store.notices import NOTICE_RETENTION, CaseNoticeDocument, CaseNotices
from services.disclosure.store.probe_results import ProbeResultDocument, ProbeResults

DOCUMENTS = (
    PartnerAgreementDocument,
    CaseDocument,
    CaseNoticeDocument,
    AccessEntryDocument,
    DeniedAccessDocument,
    LedgerAccountDocument,
    ProbeResultDocument,
    *LOG_DOCUMENTS,
)

__all__ = [
    "DOCUMENTS",
    "NOTICE_RETENTION",
    "AccessEntries",
    "CaseNotices",
    "CaseStatistics",
    "Cases",
    "GroundCounts",
    "LedgerLogStore",
    "PartnerAgreements",
    "ProbeResults",
]

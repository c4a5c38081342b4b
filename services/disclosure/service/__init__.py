"""The use cases of disclosure."""

from services.disclosure.service.agreements import AgreementService, NewAgreement
from services.disclosure.service.cases import CaseService, NewCase
from services.disclosure.service.erasure import AccountEraser
from services.disclosure.service.export import AccountExport
from services.disclosure.service.ledger import AccessLedger
from services.disclosure.service.log import LedgerLog, LedgerLogWriter
from services.disclosure.service.notices import Notifier
from services.disclosure.service.promises import PromiseBoard, PromiseStatusView, count_by_state
from services.disclosure.service.transparency import (
    BUCKET_SIZE,
    CountRange,
    GroundTotals,
    TransparencyService,
    YearTotals,
)

__all__ = [
    "BUCKET_SIZE",
    "AccessLedger",
    "AccountEraser",
    "AccountExport",
    "AgreementService",
    "CaseService",
    "CountRange",
    "GroundTotals",
    "LedgerLog",
    "LedgerLogWriter",
    "NewAgreement",
    "NewCase",
    "Notifier",
    "PromiseBoard",
    "PromiseStatusView",
    "TransparencyService",
    "YearTotals",
    "count_by_state",
]

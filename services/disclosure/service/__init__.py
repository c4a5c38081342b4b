"""What disclosure does, one module for each thing that it owns."""

from services.disclosure.service.agreements import AgreementService, NewAgreement
from services.disclosure.service.cases import CaseService, NewCase
from services.disclosure.service.erasure import AccountEraser
from services.disclosure.service.export import AccountExport
from services.disclosure.service.ledger import AccessLedger
from services.disclosure.service.notices import NOTICE_KIND, Notifier
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
    "NOTICE_KIND",
    "AccessLedger",
    "AccountEraser",
    "AccountExport",
    "AgreementService",
    "CaseService",
    "CountRange",
    "GroundTotals",
    "NewAgreement",
    "NewCase",
    "Notifier",
    "PromiseBoard",
    "PromiseStatusView",
    "TransparencyService",
    "YearTotals",
    "count_by_state",
]

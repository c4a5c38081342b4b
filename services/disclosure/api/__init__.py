"""Disclosure over HTTP: parse, one call, render."""

from services.disclosure.api.agreements import AgreementsApi
from services.disclosure.api.board import BoardApi
from services.disclosure.api.cases import CasesApi
from services.disclosure.api.ledger import LedgerApi

__all__ = ["AgreementsApi", "BoardApi", "CasesApi", "LedgerApi"]

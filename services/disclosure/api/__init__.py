"""The HTTP API of disclosure."""

from services.disclosure.api.agreements import AgreementsApi
from services.disclosure.api.cases import CasesApi
from services.disclosure.api.ledger import LedgerApi
from services.disclosure.api.promises import PromisesApi
from services.disclosure.api.transparency import TransparencyApi

__all__ = ["AgreementsApi", "CasesApi", "LedgerApi", "PromisesApi", "TransparencyApi"]

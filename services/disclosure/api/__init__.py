"""The HTTP API of disclosure."""

from services.disclosure.api.agreements import AgreementsApi
from services.disclosure.api.cases import CasesApi
from services.disclosure.api.ledger import LedgerApi
from services.disclosure.api.log import LOG_PATH, LedgerLogApi
from services.disclosure.api.promises import PromisesApi
from services.disclosure.api.transparency import TransparencyApi

__all__ = ["LOG_PATH", "AgreementsApi", "CasesApi", "LedgerApi", "LedgerLogApi", "PromisesApi", "TransparencyApi"]

"""What disclosure hears and answers: decode, one call, settle."""

from services.disclosure.events.agreements import AgreementRpc
from services.disclosure.events.ledger import LedgerEvents
from services.disclosure.events.promises import PromiseEvents

__all__ = ["AgreementRpc", "LedgerEvents", "PromiseEvents"]

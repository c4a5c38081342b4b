"""Event subscriptions and RPC handlers of disclosure."""

from services.disclosure.events.agreements import AgreementRpc
from services.disclosure.events.ledger import LedgerEvents
from services.disclosure.events.promises import PromiseEvents

__all__ = ["AgreementRpc", "LedgerEvents", "PromiseEvents"]

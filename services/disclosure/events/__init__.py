"""What disclosure hears and answers: decode, one call, settle."""

from services.disclosure.events.erasure import ErasureEvents
from services.disclosure.events.export import ExportAnswer
from services.disclosure.events.ledger import LedgerEvents
from services.disclosure.events.promises import PromiseEvents
from services.disclosure.events.register import RegisterAnswer

__all__ = ["ErasureEvents", "ExportAnswer", "LedgerEvents", "PromiseEvents", "RegisterAnswer"]

"""What disclosure does, one module for each thing that it owns."""

from services.disclosure.service.board import Board, Standings, summary
from services.disclosure.service.cases import CaseWish, Disclosure
from services.disclosure.service.ledger import Seen
from services.disclosure.service.notices import NOTICE, Notifier
from services.disclosure.service.register import AgreementWish, Register

__all__ = [
    "NOTICE",
    "AgreementWish",
    "Board",
    "CaseWish",
    "Disclosure",
    "Notifier",
    "Register",
    "Seen",
    "Standings",
    "summary",
]

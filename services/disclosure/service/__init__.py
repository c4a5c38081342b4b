"""What disclosure does, one module for each thing that it owns."""

from services.disclosure.service.board import Board, Standings, summary
from services.disclosure.service.cases import CaseWish, Disclosure
from services.disclosure.service.ledger import Seen
from services.disclosure.service.notices import NOTICE, Notifier
from services.disclosure.service.register import AgreementWish, Register
from services.disclosure.service.transparency import STEP, Figure, Line, Transparency, Year

__all__ = [
    "NOTICE",
    "STEP",
    "AgreementWish",
    "Board",
    "CaseWish",
    "Disclosure",
    "Figure",
    "Line",
    "Notifier",
    "Register",
    "Seen",
    "Standings",
    "Transparency",
    "Year",
    "summary",
]

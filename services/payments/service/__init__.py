"""What payments does: cards, charges, refunds, export and erasure."""

from services.payments.service.cards import CardService
from services.payments.service.charges import ChargeRequest, ChargeService
from services.payments.service.erasure import AccountEraser
from services.payments.service.export import AccountExport
from services.payments.service.refunds import RefundService

__all__ = [
    "AccountEraser",
    "AccountExport",
    "CardService",
    "ChargeRequest",
    "ChargeService",
    "RefundService",
]

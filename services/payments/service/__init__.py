"""What payments does: cards, charges, refunds, export and erasure."""

from services.payments.service.cards import CardService
from services.payments.service.charges import ChargeRequest, ChargeService
from services.payments.service.erasure import AccountEraser
from services.payments.service.export import AccountExport
from services.payments.service.operations import ChargeOperator
from services.payments.service.refunds import RefundService
from services.payments.service.settlement import ChargeSettler

__all__ = [
    "AccountEraser",
    "AccountExport",
    "CardService",
    "ChargeOperator",
    "ChargeRequest",
    "ChargeService",
    "ChargeSettler",
    "RefundService",
]

"""Cards, money, charges and refunds: what they are, and how a report of the processor moves them."""

from services.payments.domain.card_setups import CARD_SETUP_TTL, CardEntry, CardSetup, CardSetupState
from services.payments.domain.cards import Brand, Card, CardDetails, MaskedText, detect_brand, parse_brand
from services.payments.domain.charges import (
    ACTION_TTL,
    CAPTURED_STATES,
    MAX_ATTEMPTS,
    OPEN_STATES,
    REFUNDABLE_DISPUTES,
    Attempt,
    Charge,
    ChargeOperation,
    ChargeState,
    DisputeState,
    apply_report,
)
from services.payments.domain.declines import DeclineReason
from services.payments.domain.idempotency import IDEMPOTENCY_TTL, idempotency_marks
from services.payments.domain.money import (
    CURRENCY_UNITS,
    CurrencyUnits,
    Money,
    from_processor_amount,
    to_processor_amount,
)
from services.payments.domain.refunds import Refund, RefundKind, RefundLimits, RefundState, check_refundable
from services.payments.domain.reports import (
    CancelReason,
    ReportedCard,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
    ReportedRefundStatus,
    ReportedStatus,
)

__all__ = [
    "ACTION_TTL",
    "CAPTURED_STATES",
    "CARD_SETUP_TTL",
    "CURRENCY_UNITS",
    "IDEMPOTENCY_TTL",
    "MAX_ATTEMPTS",
    "OPEN_STATES",
    "REFUNDABLE_DISPUTES",
    "Attempt",
    "Brand",
    "CancelReason",
    "Card",
    "CardDetails",
    "CardEntry",
    "CardSetup",
    "CardSetupState",
    "Charge",
    "ChargeOperation",
    "ChargeState",
    "CurrencyUnits",
    "DeclineReason",
    "DisputeState",
    "MaskedText",
    "Money",
    "Refund",
    "RefundKind",
    "RefundLimits",
    "RefundState",
    "ReportedCard",
    "ReportedDispute",
    "ReportedPayment",
    "ReportedRefund",
    "ReportedRefundStatus",
    "ReportedStatus",
    "apply_report",
    "check_refundable",
    "detect_brand",
    "from_processor_amount",
    "idempotency_marks",
    "parse_brand",
    "to_processor_amount",
]

"""Refunds of charges."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.payments.domain.money import Money


class RefundState(StrEnum):
    """The state of a refund; *pending* while the processor has not answered."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund of a charge, in full or in part."""

    refund_id: str
    charge_id: str
    account_id: str
    price: Money
    state: RefundState
    created_at: datetime

"""What customers are told about their payments."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice:
    """What happened to a payment. The last four digits of the card are on the page only, behind the log-in."""

    account_id: str
    charge_id: str
    amount: int
    currency: str
    at: datetime
    refund_id: str = ""
    is_credit: bool = False

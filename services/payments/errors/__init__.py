"""The errors of payments, by feature. No message contains a digit of a card."""

from services.payments.errors.cards import (
    CardDeclinedError,
    CardDecryptionError,
    CardNotFoundError,
    CardPayloadRejectedError,
    InvalidCardError,
)
from services.payments.errors.charges import (
    CardNumberInDescriptionError,
    ChargeConflictedError,
    ChargeNotCapturableError,
    ChargeNotFoundError,
    ChargeNotRetryableError,
    ChargeNotVoidableError,
    DuplicateOrderError,
    PaymentPendingError,
    UnsupportedAmountError,
    UnsupportedCurrencyError,
)
from services.payments.errors.processor import (
    ProcessorUnavailableError,
)
from services.payments.errors.refunds import (
    RefundExceedsChargeError,
)

__all__ = [
    "CardDeclinedError",
    "CardDecryptionError",
    "CardNotFoundError",
    "CardNumberInDescriptionError",
    "CardPayloadRejectedError",
    "ChargeConflictedError",
    "ChargeNotCapturableError",
    "ChargeNotFoundError",
    "ChargeNotRetryableError",
    "ChargeNotVoidableError",
    "DuplicateOrderError",
    "InvalidCardError",
    "PaymentPendingError",
    "ProcessorUnavailableError",
    "RefundExceedsChargeError",
    "UnsupportedAmountError",
    "UnsupportedCurrencyError",
]

"""The errors of payments, by feature. No message contains a digit of a card."""

from services.payments.errors.carding import CardAttemptsExceededError
from services.payments.errors.cards import (
    CardDeclinedError,
    CardDecryptionError,
    CardNotFoundError,
    CardSetupNotFoundError,
    CardStampRejectedError,
    DirectEntryDisabledError,
    HostedEntryDisabledError,
    InvalidCardError,
)
from services.payments.errors.charges import (
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
from services.payments.errors.conflicts import (
    ChargeNotConflictedError,
    ConflictNotResolvableError,
    ResolutionNotFoundError,
    ResolutionOutdatedError,
)
from services.payments.errors.events import InvalidEventError
from services.payments.errors.processor import (
    ProcessorUnavailableError,
)
from services.payments.errors.refunds import (
    ChargeDisputedError,
    ChargeNotRefundableError,
    RefundExceedsChargeError,
    RefundNotFoundError,
    RefundNotOpenError,
    TooManyRefundsError,
)

__all__ = [
    "CardAttemptsExceededError",
    "CardDeclinedError",
    "CardDecryptionError",
    "CardNotFoundError",
    "CardSetupNotFoundError",
    "CardStampRejectedError",
    "ChargeConflictedError",
    "ChargeDisputedError",
    "ChargeNotCapturableError",
    "ChargeNotConflictedError",
    "ChargeNotFoundError",
    "ChargeNotRefundableError",
    "ChargeNotRetryableError",
    "ChargeNotVoidableError",
    "ConflictNotResolvableError",
    "DirectEntryDisabledError",
    "DuplicateOrderError",
    "HostedEntryDisabledError",
    "InvalidCardError",
    "InvalidEventError",
    "PaymentPendingError",
    "ProcessorUnavailableError",
    "RefundExceedsChargeError",
    "RefundNotFoundError",
    "RefundNotOpenError",
    "ResolutionNotFoundError",
    "ResolutionOutdatedError",
    "TooManyRefundsError",
    "UnsupportedAmountError",
    "UnsupportedCurrencyError",
]

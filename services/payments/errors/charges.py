"""The errors of charges."""

from shared.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError


class ChargeNotFoundError(NotFoundError):
    """The account has no such charge."""

    code = "payments.charge.not_found"


class PaymentPendingError(UnavailableError):
    """The card processor did not answer in time. The payment is pending and will be completed."""

    code = "payments.payment.pending"
    remedy = (
        "Repeat the request with the same Idempotency-Key after Retry-After, or list the charges. A new key pays twice."
    )


class UnsupportedCurrencyError(InvalidInputError):
    """The processor does not take this currency."""

    code = "payments.currency.unsupported"
    remedy = "Use one of the currencies that the API reference names."


class UnsupportedAmountError(InvalidInputError):
    """The processor cannot take this amount of the currency."""

    code = "payments.amount.unsupported"
    remedy = (
        "BHD, JOD, KWD, OMR and TND end in 0, MGA is in whole ariary (a multiple of 100), and no amount has more than "
        "eight digits at the processor."
    )


class DuplicateOrderError(ConflictError):
    """A charge of the same card and amount is pending."""

    code = "payments.charge.duplicate_order"
    remedy = "Read the pending charge. To charge the card a second time, send allow_duplicate true."


class ChargeNotCapturableError(ConflictError):
    """The charge has no authorization that can be captured, or less is authorized."""

    code = "payments.charge.not_capturable"
    remedy = "Read the charge: only an authorized charge is captured, once, and at most amount_authorized."


class ChargeNotVoidableError(ConflictError):
    """The charge has nothing to void."""

    code = "payments.charge.not_voidable"
    remedy = "Read the charge: an authorized charge can be voided; a captured one is refunded."


class ChargeNotRetryableError(ConflictError):
    """The charge does not take another attempt."""

    code = "payments.charge.not_retryable"
    remedy = "Read the charge: only a failed charge takes another attempt, ten at most."


class ChargeConflictedError(ConflictError):
    """The processor reports another amount, currency or outcome than was asked for."""

    code = "payments.charge.conflicted"
    remedy = "Do not charge again. Support compares the charge with the figures of the processor."

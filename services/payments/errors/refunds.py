"""The errors of refunds, credits and disputes."""

from shared.errors import ConflictError, NotFoundError


class RefundNotFoundError(NotFoundError):
    """There is no such refund or credit."""

    code = "payments.refund.not_found"


class RefundExceedsChargeError(ConflictError):
    """The refund exceeds the amount that is left of the charge."""

    code = "payments.refund.exceeds_charge"
    remedy = "Refund at most the amount_refundable of the charge."


class RefundNotOpenError(ConflictError):
    """The request is decided, withdrawn or expired already."""

    code = "payments.refund.not_open"
    remedy = "Read the refund: its state says what was decided."


class TooManyRefundsError(ConflictError):
    """The charge has as many refunds and requests as it may have."""

    code = "payments.refund.too_many"
    remedy = "Decide the open requests of this charge first."


class ChargeNotRefundableError(ConflictError):
    """The charge has not been captured, so there is nothing to refund."""

    code = "payments.charge.not_refundable"
    remedy = "Read the charge: an authorized charge is voided, not refunded."


class ChargeDisputedError(ConflictError):
    """The bank has taken the amount back in a dispute; a refund would pay it twice."""

    code = "payments.charge.disputed"
    remedy = "Wait for the decision of the bank, or refund at most amount_refundable."

"""The errors of refunds."""

from shared.errors import ConflictError


class RefundExceedsChargeError(ConflictError):
    """The refund exceeds the amount that is left of the charge."""

    code = "payments.refund.exceeds_charge"
    remedy = "Refund at most the amount of the charge less its amount_refunded."

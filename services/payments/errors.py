"""The errors of payments. No message contains a digit of a card."""

from shared.errors import (
    ConflictError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)


class CardDecryptionError(MalformedError):
    """The encrypted card could not be decrypted."""

    code = "payments.card_payload.decryption_failed"
    remedy = (
        "Fetch the encryption key, encrypt the card with ECDH-ES and A256GCM without compression, and send it again."
    )


class CardPayloadRejectedError(InvalidInputError):
    """The encrypted card has expired, was used before, or belongs to another account."""

    code = "payments.card_payload.rejected"
    remedy = "Encrypt the card again for the account that is logged in."


class InvalidCardError(InvalidInputError):
    """The card details are invalid."""

    code = "payments.card.invalid"
    remedy = "Check the number, the expiry date and the security code."


class CardNotFoundError(NotFoundError):
    """The account has no such card."""

    code = "payments.card.not_found"


class ChargeNotFoundError(NotFoundError):
    """The account has no such charge."""

    code = "payments.charge.not_found"


class CardDeclinedError(ServiceError):
    """The card was declined."""

    code = "payments.card.declined"
    status = 402
    remedy = "Use another card, or contact the bank that issued the card."


class CardNumberInDescriptionError(InvalidInputError):
    """The description contains a card number."""

    code = "payments.description.contains_card_number"
    remedy = "Remove the number from the description."


class RefundExceedsChargeError(ConflictError):
    """The refund exceeds the amount that is left of the charge."""

    code = "payments.refund.exceeds_charge"
    remedy = "Refund at most the amount of the charge less its amount_refunded."


class ProcessorUnavailableError(UnavailableError):
    """The card processor did not answer in time, and the card was not stored."""

    code = "payments.processor.unavailable"
    remedy = "Send the same request with the same Idempotency-Key after Retry-After."


class PaymentPendingError(UnavailableError):
    """The card processor did not answer in time. The payment is pending and will be completed."""

    code = "payments.payment.pending"
    remedy = (
        "Repeat the request with the same Idempotency-Key after Retry-After, or list the charges. A new key pays twice."
    )

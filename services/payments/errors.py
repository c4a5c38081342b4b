"""Every refusal that payments can give. No message ever holds a digit of what was sent."""

from shared.errors import (
    ConflictError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)


class CardDecryptionError(MalformedError):
    """The encrypted card cannot be opened."""

    code = "payments.card_payload.decryption_failed"
    remedy = "Fetch the encryption key again, encrypt with ECDH-ES and A256GCM, without compression, and send it anew."


class CardPayloadExpiredError(InvalidInputError):
    """The encrypted card is too old, was used before, or belongs to another account."""

    code = "payments.card_payload.expired"
    remedy = "Encrypt the card anew for the account that is logged in."


class InvalidCardError(InvalidInputError):
    """These are not the details of a card that can be used."""

    code = "payments.card.invalid"
    remedy = "Check the number, the expiry date and the security code."


class CardNotFoundError(NotFoundError):
    """There is no such card on this account."""

    code = "payments.card.not_found"


class ChargeNotFoundError(NotFoundError):
    """There is no such charge on this account."""

    code = "payments.charge.not_found"


class CardDeclinedError(ServiceError):
    """The card company has declined."""

    code = "payments.card.declined"
    status = 402
    remedy = "Use another card, or ask the card company."


class CardNumberInDescriptionError(InvalidInputError):
    """A description cannot hold a card number."""

    code = "payments.description.contains_card_number"
    remedy = "Describe the purchase in words."


class RefundExceedsChargeError(ConflictError):
    """A refund cannot exceed what is left of the charge."""

    code = "payments.refund.exceeds_charge"
    remedy = "Read the charge for what has been refunded already."


class PaymentPendingError(UnavailableError):
    """The card company has not answered; what was asked stands as pending and settles by itself."""

    code = "payments.payment.pending"
    remedy = "Do not ask for it again under a new key: repeat with the same key, or read the charge, after Retry-After."

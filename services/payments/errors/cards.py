"""The errors of cards. No message contains a digit of a card."""

from shared.errors import InvalidInputError, MalformedError, NotFoundError, ServiceError


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


class CardDeclinedError(ServiceError):
    """The card was declined."""

    code = "payments.card.declined"
    status = 402
    remedy = "Use another card, or contact the bank that issued the card."

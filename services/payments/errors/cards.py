"""The errors of cards. No message contains a digit of a card."""

from collections.abc import Iterable
from typing import Self

from shared.errors import FieldProblem, ForbiddenError, InvalidInputError, NotFoundError, ServiceError


class CardDecryptionError(InvalidInputError):
    """The encrypted card could not be decrypted."""

    code = "payments.card_payload.decryption_failed"
    remedy = (
        "Fetch the encryption keys, encrypt the card for one of them with ECDH-ES and A256GCM without compression, "
        "and send it again."
    )

    def __init__(self) -> None:
        problem = FieldProblem(field="jwe", code="decryption_failed", message="Send a compact JWE for one of our keys.")
        super().__init__(fields=(problem,))


class CardStampRejectedError(InvalidInputError):
    """The stamp of the encrypted card has expired, was used before, or belongs to another account."""

    code = "payments.card_stamp.rejected"
    remedy = "Fetch the encryption keys again, and encrypt the card with the stamp that came with them."

    def __init__(self) -> None:
        problem = FieldProblem(field="stamp", code="rejected", message="Use a stamp once, in time, for its account.")
        super().__init__(fields=(problem,))


class InvalidCardError(InvalidInputError):
    """The card details are invalid."""

    code = "payments.card.invalid"
    remedy = "Check the number, the expiry date and the security code."

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Self:
        """Return the error for the members *names* of the encrypted card."""
        return cls(
            fields=tuple(FieldProblem(field=name, code="invalid", message=_ADVICE.get(name, "")) for name in names)
        )


_ADVICE = {
    "number": "Check the card number: a digit is missing or wrong.",
    "exp_month": "Check the month: 1 to 12, and not in the past.",
    "exp_year": "Check the year: four digits, and not in the past.",
    "security_code": "Check the security code: three digits, or four.",
    "stamp": "Put the stamp that came with the encryption keys inside.",
    "*": "Send these five members only: number, exp_month, exp_year, security_code, stamp.",
}


class CardNotFoundError(NotFoundError):
    """The account has no such card."""

    code = "payments.card.not_found"


class CardDeclinedError(ServiceError):
    """The card was declined."""

    code = "payments.card.declined"
    status = 402
    remedy = "Use another card, or contact the bank that issued the card."


class CardSetupNotFoundError(NotFoundError):
    """The account has no such card setup."""

    code = "payments.card_setup.not_found"


class HostedEntryDisabledError(ForbiddenError):
    """Cards are not entered on the processor's page here."""

    code = "payments.hosted_entry.disabled"
    remedy = "Encrypt the card and send it to POST /v1/payments/cards."


class DirectEntryDisabledError(ForbiddenError):
    """Cards are entered on the processor's page only."""

    code = "payments.direct_entry.disabled"
    remedy = "Start a card setup with POST /v1/payments/card-setups, and send the customer to its url."

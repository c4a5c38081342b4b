"""Errors of sign-up, email verification, email changes and account lookups."""

from shared.errors import ConflictError, ForbiddenError, InvalidInputError, MalformedError, NotFoundError


class SignUpClosedError(ForbiddenError):
    """We cannot open an account here."""

    # Neutral on purpose (C23): naming an age would tell a child which date to enter.
    code = "identity.sign_up.closed"
    remedy = "Contact customer service if you think this is a mistake."


class InvalidAgeTokenError(MalformedError):
    """The age token is invalid or has expired."""

    code = "identity.age_token.invalid"
    remedy = "Complete the age screen again and send the new token."


class InvalidVerificationTokenError(MalformedError):
    """The verification link is invalid, expired or already used."""

    code = "identity.verification_token.invalid"
    remedy = "Sign up again to get a new link."


class EmailTakenError(ConflictError):
    """The email address already has an account."""

    # Internal only: sign-up must not reveal which addresses have accounts (I-15).
    code = "identity.email.taken"


class InvalidEmailChangeTokenError(MalformedError):
    """The link is invalid, expired or already used."""

    code = "identity.email_change_token.invalid"
    remedy = "Request the change again. A change can be reverted for seven days."


class AccountNotFoundError(NotFoundError):
    """The account does not exist."""

    code = "identity.account.not_found"


class InvalidReasonError(InvalidInputError):
    """The reason must not contain an email address."""

    # The reason is stored in the ledger and published in an event, which carry ids only.
    code = "identity.reason.invalid"
    remedy = "Give the number of the case or request, not the person."

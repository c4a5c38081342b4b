"""Errors of sign-up, email verification, email changes and account lookups."""

from shared.errors import ConflictError, ForbiddenError, InvalidInputError, MalformedError, NotFoundError


class SignUpClosedError(ForbiddenError):
    """We cannot open an account from here."""

    # Neutral on purpose (C23): it names no age, so that nobody learns what to type instead.
    code = "identity.sign_up.closed"
    remedy = "Write to customer service when you think that this is a mistake."


class InvalidAgeTokenError(MalformedError):
    """The age screen was not passed, or too long ago."""

    code = "identity.age_token.invalid"
    remedy = "Answer the age screen again and send the token that it gives."


class InvalidVerificationTokenError(MalformedError):
    """The verification link is not valid: used, expired or altered."""

    code = "identity.verification_token.invalid"
    remedy = "Sign up again to get a new link."


class EmailTakenError(ConflictError):
    """The address has an account."""

    # Inside only: whoever signs up must not learn it.
    code = "identity.email.taken"


class InvalidEmailChangeTokenError(MalformedError):
    """The link is not valid: used, expired or altered."""

    code = "identity.email_change_token.invalid"
    remedy = "Ask for the change again; an undo is possible for seven days."


class AccountNotFoundError(NotFoundError):
    """There is no such account."""

    code = "identity.account.not_found"


class InvalidReasonError(InvalidInputError):
    """The reason must not hold an address."""

    # It is kept in the ledger, and told in an event: ids only.
    code = "identity.reason.invalid"
    remedy = "Name the case or the request, not the person."

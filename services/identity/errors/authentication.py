"""Errors of login, step-up, passwords and second factors."""

from shared.errors import (
    ConflictError,
    FieldProblem,
    ForbiddenError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)


class InvalidCredentialsError(UnauthenticatedError):
    """Address or password is wrong."""

    code = "identity.login.invalid_credentials"
    remedy = "Check both; if you have no account yet, sign up."


class TooManyLoginAttemptsError(TooManyRequestsError):
    """Too many wrong passwords for this address."""

    code = "identity.login.too_many_attempts"


class SecondFactorRequiredError(UnauthenticatedError):
    """The password is right; a second factor is needed besides."""

    code = "identity.login.second_factor_required"
    remedy = "Send challenge_token and a code or a passkey to /v1/identity/sessions/second-factor."


class StepUpSecondFactorRequiredError(ForbiddenError):
    """The account has a second factor: the password alone does not confirm."""

    code = "identity.step_up.second_factor_required"
    remedy = "Send a code or a passkey."


class IncorrectPasswordError(ForbiddenError):
    """The password is not the one of this account."""

    # Not 401: whoever asks is logged in, and a client must not throw its token away.
    code = "identity.password.incorrect"
    remedy = "Type the password of the account that is logged in."


class InvalidChallengeError(MalformedError):
    """The challenge is not valid: answered, expired, altered, or tried too often."""

    code = "identity.challenge.invalid"
    remedy = "Begin again."


class PasswordNotAcceptableError(InvalidInputError):
    """The password is not acceptable."""

    code = "identity.new_password.invalid"
    remedy = "Choose a password of 15 to 256 characters that is neither common nor like your address."

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(fields=problems)


class PasswordTooShortWithoutSecondFactorError(ConflictError):
    """The password is too short to stand alone."""

    code = "identity.password.too_short_without_second_factor"
    remedy = "Change the password to one of 15 characters or more first."


class PasswordHashingBusyError(UnavailableError):
    """Too many passwords are being checked at this moment."""

    code = "identity.password_hashing.busy"


class InvalidPasswordResetTokenError(MalformedError):
    """The link to set a password is not valid: used, expired or altered."""

    code = "identity.password_reset_token.invalid"
    remedy = "Ask for a new link."


class InvalidSecondFactorError(ForbiddenError):
    """The code is wrong, or was used before."""

    code = "identity.second_factor.invalid"
    remedy = "Wait for the next code, or use a recovery code."


class SecondFactorNotEnrolledError(ConflictError):
    """The account has no second factor."""

    code = "identity.second_factor.not_enrolled"
    remedy = "Add an app for one-time codes or a passkey first."


class TotpExistsError(ConflictError):
    """The account has an app for one-time codes."""

    code = "identity.totp.exists"
    remedy = "Remove it first."


class TotpNotFoundError(NotFoundError):
    """The account has no app for one-time codes, or none that waits for its first code."""

    code = "identity.totp.not_found"


class InvalidPasskeyError(ForbiddenError):
    """The passkey is not accepted."""

    # Why is not said: which check failed helps whoever forges.
    code = "identity.passkey.invalid"
    remedy = "Begin again on the page of this service, with a passkey that asks for your PIN, finger or face."


class PasskeyAlreadyRegisteredError(ConflictError):
    """The passkey is registered already."""

    code = "identity.passkey.already_registered"


class PasskeyNotFoundError(NotFoundError):
    """You have no such passkey."""

    code = "identity.passkey.not_found"


class TooManyPasskeysError(ConflictError):
    """You have as many passkeys as one account may have."""

    code = "identity.passkey.too_many"
    remedy = "Remove one that you no longer use."

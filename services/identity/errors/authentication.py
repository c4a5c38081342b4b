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
    """The email address or password is incorrect."""

    code = "identity.login.invalid_credentials"
    remedy = "Check both, or sign up if you have no account."


class TooManyLoginAttemptsError(TooManyRequestsError):
    """Too many failed login attempts."""

    code = "identity.login.too_many_attempts"


class SecondFactorRequiredError(UnauthenticatedError):
    """The password is correct; a second factor is required."""

    code = "identity.login.second_factor_required"
    remedy = "Send challenge_token and a code or a passkey to /v1/identity/sessions/second-factor."


class StepUpSecondFactorRequiredError(ForbiddenError):
    """A second factor is required to confirm it is you."""

    code = "identity.step_up.second_factor_required"
    remedy = "Send a code or a passkey."


class IncorrectPasswordError(ForbiddenError):
    """The password is incorrect."""

    # Not 401: the caller is logged in, and a client discards its token on a 401.
    code = "identity.password.incorrect"
    remedy = "Enter the password of the account you are logged in to."


class InvalidChallengeError(MalformedError):
    """The challenge is invalid, expired, already answered or attempted too often."""

    code = "identity.challenge.invalid"
    remedy = "Start again."


class PasswordNotAcceptableError(InvalidInputError):
    """The password is not acceptable."""

    code = "identity.new_password.invalid"
    remedy = "Choose a password of 15 to 256 characters that is not common and not similar to your email address."

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(fields=problems)


class PasswordTooShortWithoutSecondFactorError(ConflictError):
    """The password is too short to be used without a second factor."""

    code = "identity.password.too_short_without_second_factor"
    remedy = "Set a password of at least 15 characters first."


class PasswordHashingBusyError(UnavailableError):
    """Too many passwords are being checked at the moment."""

    code = "identity.password_hashing.busy"


class InvalidPasswordResetTokenError(MalformedError):
    """The password reset link is invalid, expired or already used."""

    code = "identity.password_reset_token.invalid"
    remedy = "Request a new link."


class InvalidSecondFactorError(ForbiddenError):
    """The code is incorrect or already used."""

    code = "identity.second_factor.invalid"
    remedy = "Wait for the next code, or use a recovery code."


class SecondFactorNotEnrolledError(ConflictError):
    """The account has no second factor."""

    code = "identity.second_factor.not_enrolled"
    remedy = "Add an authenticator app or a passkey first."


class TotpExistsError(ConflictError):
    """The account already has an authenticator app."""

    code = "identity.totp.exists"
    remedy = "Remove it first."


class TotpNotFoundError(NotFoundError):
    """The account has no authenticator app in this state."""

    code = "identity.totp.not_found"


class InvalidPasskeyError(ForbiddenError):
    """The passkey was not accepted."""

    # No detail on purpose: which check failed would help an attacker.
    code = "identity.passkey.invalid"
    remedy = "Start again on our website, with a passkey that asks for your PIN, fingerprint or face."


class PasskeyAlreadyRegisteredError(ConflictError):
    """The passkey is already registered."""

    code = "identity.passkey.already_registered"


class PasskeyNotFoundError(NotFoundError):
    """You have no such passkey."""

    code = "identity.passkey.not_found"


class TooManyPasskeysError(ConflictError):
    """You have reached the maximum number of passkeys."""

    code = "identity.passkey.too_many"
    remedy = "Remove a passkey you no longer use."

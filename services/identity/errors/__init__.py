"""Every refusal of identity: class, stable code, status."""

from typing import ClassVar

from shared.errors import (
    ConflictError,
    FieldProblem,
    ForbiddenError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    ServiceError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)


class SignUpClosedError(ForbiddenError):
    """We cannot open an account from here."""

    # Neutral on purpose (C23): it names no age, so that nobody learns what to type instead.
    code = "identity.sign_up.closed"
    remedy = "Write to customer service when you think that this is a mistake."


class InvalidAgeTokenError(MalformedError):
    """The age screen was not passed, or too long ago."""

    code = "identity.age_token.invalid"
    remedy = "Answer the age screen again and send the token that it gives."


class PasswordNotAcceptableError(InvalidInputError):
    """The password is not acceptable."""

    code = "identity.new_password.invalid"
    remedy = "Choose a password of 15 to 256 characters that is neither common nor like your address."

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(fields=problems)


class InvalidPasswordResetTokenError(MalformedError):
    """The link to set a password is not valid: used, expired or altered."""

    code = "identity.password_reset_token.invalid"
    remedy = "Ask for a new link."


class PasswordHashingBusyError(UnavailableError):
    """Too many passwords are being checked at this moment."""

    code = "identity.password_hashing.busy"


class InvalidVerificationTokenError(MalformedError):
    """The verification link is not valid: used, expired or altered."""

    code = "identity.verification_token.invalid"
    remedy = "Sign up again to get a new link."


class EmailTakenError(ConflictError):
    """The address has an account."""

    # Inside only: whoever signs up must not learn it.
    code = "identity.email.taken"


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


class InvalidChallengeError(MalformedError):
    """The challenge is not valid: answered, expired, altered, or tried too often."""

    code = "identity.challenge.invalid"
    remedy = "Begin again."


class InvalidSecondFactorError(ForbiddenError):
    """The code is wrong, or was used before."""

    code = "identity.second_factor.invalid"
    remedy = "Wait for the next code, or use a recovery code."


class StepUpSecondFactorRequiredError(ForbiddenError):
    """The account has a second factor: the password alone does not confirm."""

    code = "identity.step_up.second_factor_required"
    remedy = "Send a code or a passkey."


class PasswordTooShortWithoutSecondFactorError(ConflictError):
    """The password is too short to stand alone."""

    code = "identity.password.too_short_without_second_factor"
    remedy = "Change the password to one of 15 characters or more first."


class TotpExistsError(ConflictError):
    """The account has an app for one-time codes."""

    code = "identity.totp.exists"
    remedy = "Remove it first."


class TotpNotFoundError(NotFoundError):
    """The account has no app for one-time codes, or none that waits for its first code."""

    code = "identity.totp.not_found"


class SecondFactorNotEnrolledError(ConflictError):
    """The account has no second factor."""

    code = "identity.second_factor.not_enrolled"
    remedy = "Add an app for one-time codes or a passkey first."


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


class InvalidEmailChangeTokenError(MalformedError):
    """The link is not valid: used, expired or altered."""

    code = "identity.email_change_token.invalid"
    remedy = "Ask for the change again; an undo is possible for seven days."


class IncorrectPasswordError(ForbiddenError):
    """The password is not the one of this account."""

    # Not 401: whoever asks is logged in, and a client must not throw its token away.
    code = "identity.password.incorrect"
    remedy = "Type the password of the account that is logged in."


class SessionNotFoundError(NotFoundError):
    """You have no such session."""

    code = "identity.session.not_found"


class AccountNotFoundError(NotFoundError):
    """There is no such account."""

    code = "identity.account.not_found"


class InvalidReasonError(InvalidInputError):
    """The reason must not hold an address."""

    # It is kept in the ledger, and told in an event: ids only.
    code = "identity.reason.invalid"
    remedy = "Name the case or the request, not the person."


class AppPasswordNotFoundError(NotFoundError):
    """You have no such app password."""

    code = "identity.app_password.not_found"


class TooManyAppPasswordsError(ConflictError):
    """You have as many app passwords as one account may have."""

    code = "identity.app_password.too_many"
    remedy = "Delete one that you no longer use."


class ExportNotFoundError(NotFoundError):
    """You have no such export."""

    code = "identity.export.not_found"


class ExportNotReadyError(ConflictError):
    """The archive is not there: still being collected, or expired."""

    code = "identity.export.not_ready"
    remedy = "Read the state of the export; ask for a new one when it has expired."


class ExportBusyError(UnavailableError):
    """Another export of yours has changed at the same moment."""

    code = "identity.export.busy"


class ErasureNotFoundError(NotFoundError):
    """There is no such erasure."""

    code = "identity.erasure.not_found"


class ErasureAlreadyScheduledError(ConflictError):
    """The erasure of this account is planned already."""

    code = "identity.erasure.already_scheduled"
    remedy = "Wait for the day, or take it back."


class ErasureNotScheduledError(NotFoundError):
    """No erasure is planned that could be taken back."""

    code = "identity.erasure.not_scheduled"


class PartnerClientNotFoundError(NotFoundError):
    """There is no such client."""

    code = "identity.partner_client.not_found"


class AgreementNotActiveError(ConflictError):
    """The agreement is not in force, or does not allow these scopes."""

    code = "identity.partner_client.agreement_not_active"
    remedy = "Enter or extend the agreement first; a client gets no more than it says."


class AgreementEndedError(ForbiddenError):
    """The agreement behind this client is not in force, or does not allow this."""

    code = "identity.partner_client.agreement_ended"
    remedy = "Extend the agreement."


class NoDisclosableFieldsError(ForbiddenError):
    """The agreement names no field of an account that may be shown to a partner."""

    code = "identity.partner_client.no_disclosable_fields"
    remedy = "Have the fields that the task needs entered in the agreement."


class InvalidAuthorizationRequestError(MalformedError):
    """The app, the address to return to, or the scope is not registered."""

    # The browser is not sent back: an address that is not registered is nobody's.
    code = "identity.authorization_request.invalid"
    remedy = "Send client_id, redirect_uri and scope exactly as the app is registered."


class OAuthError(ServiceError):
    """The token endpoint refuses (RFC 6749, section 5.2)."""

    code = "identity.oauth.invalid_request"
    status = 400
    error: ClassVar[str] = "invalid_request"
    remedy = "Send the parameters that RFC 6749 asks for."


class InvalidClientError(OAuthError):
    """The client is not known by these credentials."""

    code = "identity.oauth.invalid_client"
    status = 401
    error = "invalid_client"
    remedy = "Check client_id and client_secret."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="candor", charset="UTF-8"'})


class InvalidGrantError(OAuthError):
    """The refresh token or code is not valid: used, expired, ended, altered, or given to another client."""

    code = "identity.oauth.invalid_grant"
    error = "invalid_grant"
    remedy = "Log in again."


class UnauthorizedClientError(OAuthError):
    """The agreement behind this client is not in force."""

    code = "identity.oauth.unauthorized_client"
    error = "unauthorized_client"
    remedy = "Extend the agreement."


class InvalidScopeError(OAuthError):
    """A wanted scope is not among those of the client and its agreement."""

    code = "identity.oauth.invalid_scope"
    error = "invalid_scope"
    remedy = "Ask for no more than the agreement allows."


class UnsupportedGrantTypeError(OAuthError):
    """This grant type does not exist here."""

    code = "identity.oauth.unsupported_grant_type"
    error = "unsupported_grant_type"
    remedy = "Use authorization_code, refresh_token or client_credentials."

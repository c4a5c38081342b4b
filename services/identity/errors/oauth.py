"""Errors of OAuth clients, agreements, and the token endpoint."""

from typing import ClassVar

from shared.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, ServiceError


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

"""Errors of OAuth clients, agreements, and the token endpoint."""

from typing import ClassVar

from shared.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, ServiceError


class PartnerClientNotFoundError(NotFoundError):
    """The client does not exist."""

    code = "identity.partner_client.not_found"


class SecretRotationConflictError(ConflictError):
    """The secret of the client was rotated at the same time."""

    code = "identity.partner_client.secret_rotated"
    remedy = "Use the secret of the other rotation, or rotate again."


class AgreementNotActiveError(ConflictError):
    """The agreement is not active or does not allow these scopes."""

    code = "identity.partner_client.agreement_not_active"
    remedy = "Enter or extend the agreement first."


class AgreementEndedError(ForbiddenError):
    """The agreement of this client is not active or does not allow this request."""

    code = "identity.partner_client.agreement_ended"
    remedy = "Extend the agreement."


class NoDisclosableFieldsError(ForbiddenError):
    """The agreement names no account field that may be disclosed to a partner."""

    code = "identity.partner_client.no_disclosable_fields"
    remedy = "Add the required fields to the agreement."


class InvalidAuthorizationRequestError(MalformedError):
    """The client or its redirect URI is not registered."""

    # No redirect: an unregistered URI may belong to an attacker (RFC 9700, 4.1).
    code = "identity.authorization_request.invalid"
    remedy = "Send client_id and redirect_uri exactly as registered; only the port of a loopback address is free."


class OAuthError(ServiceError):
    """The token request is invalid."""

    code = "identity.oauth.invalid_request"
    status = 400
    error: ClassVar[str] = "invalid_request"
    remedy = "Send the parameters of RFC 6749."


class InvalidClientError(OAuthError):
    """The client credentials are incorrect."""

    code = "identity.oauth.invalid_client"
    status = 401
    error = "invalid_client"
    remedy = "Check client_id and client_secret."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="candor", charset="UTF-8"'})


class InvalidGrantError(OAuthError):
    """The refresh token or code is invalid, expired, revoked, already used or issued to another client."""

    code = "identity.oauth.invalid_grant"
    error = "invalid_grant"
    remedy = "Log in again."


class UnauthorizedClientError(OAuthError):
    """The agreement of this client is not active."""

    code = "identity.oauth.unauthorized_client"
    error = "unauthorized_client"
    remedy = "Extend the agreement."


class InvalidScopeError(OAuthError):
    """A requested scope is not allowed for the client and its agreement."""

    code = "identity.oauth.invalid_scope"
    error = "invalid_scope"
    remedy = "Request only scopes that the agreement allows."


class UnsupportedGrantTypeError(OAuthError):
    """The grant type is not supported."""

    code = "identity.oauth.unsupported_grant_type"
    error = "unsupported_grant_type"
    remedy = "Use authorization_code, refresh_token or client_credentials."

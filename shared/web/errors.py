"""What the web layer itself refuses, before or around a handler."""

from shared.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnauthenticatedError,
    UnavailableError,
)


class RouteNotFoundError(NotFoundError):
    """There is no such address."""

    code = "http.route.not_found"
    remedy = "Look the address up in the API reference."


class MethodNotAllowedError(ServiceError):
    """This address does not know that method."""

    code = "http.method.not_allowed"
    status = 405
    remedy = "Use one of the methods in Allow."


class UnsupportedMediaTypeError(ServiceError):
    """The body is not in a form that is read here."""

    code = "http.media_type.unsupported"
    status = 415
    remedy = "Send the media type that the API reference names, in UTF-8 and without a Content-Encoding."


class RequestTimeoutError(ServiceError):
    """The body did not arrive in time."""

    code = "http.request.timeout"
    status = 408
    remedy = "Send the request again over a faster connection."


class ServiceStartingError(UnavailableError):
    """The service is starting."""

    code = "core.service.starting"


class ServiceNotReadyError(UnavailableError):
    """Some part does not answer."""

    code = "core.service.not_ready"
    remedy = "See which parts are named, and why."

    @classmethod
    def from_parts(cls, parts: tuple[FieldProblem, ...]) -> "ServiceNotReadyError":
        """Return the error that names *parts*."""
        fault = cls(f"Waiting for {', '.join(sorted(part.field for part in parts))}.")
        fault.fields = parts
        return fault


class InvalidAccessTokenError(UnauthenticatedError):
    """The access token is not valid here."""

    code = "auth.access_token.invalid"
    remedy = "Get a new access token."


class AccessTokenExpiredError(UnauthenticatedError):
    """The access token has expired."""

    code = "auth.access_token.expired"
    remedy = "Get a new access token with the refresh token."


class SessionRevokedError(UnauthenticatedError):
    """The session was ended."""

    code = "auth.session.revoked"
    remedy = "Log in again."


class ReauthenticationRequiredError(UnauthenticatedError):
    """This needs a recent log-in."""

    code = "auth.session.reauthentication_required"
    remedy = "Log in again, then repeat the request."


class IdempotencyKeyMissingError(MalformedError):
    """An Idempotency-Key is needed."""

    code = "idempotency.key.missing"
    remedy = "Send a new random Idempotency-Key of at most 255 characters; the same one when you repeat the request."


class IdempotencyKeyReusedError(InvalidInputError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency.key.reused"
    remedy = "Use a new key for a new request."


class IdempotencyConflictError(ConflictError):
    """The request with this Idempotency-Key is still being worked on."""

    code = "idempotency.request.in_progress"
    remedy = "Wait as long as Retry-After says, then repeat the request with the same key."


class IdempotentReplyNotStoredError(ConflictError):
    """The request was done, but its answer held a secret and was not kept."""

    code = "idempotency.reply.not_stored"
    remedy = "Look at what the first request made; if its secret is lost, revoke it and make another with a new key."

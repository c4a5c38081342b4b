"""The errors of the HTTP layer, raised before or around a handler."""

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
    """There is no resource at this URL."""

    code = "http.route.not_found"
    remedy = "Check the URL in the API reference."


class MethodNotAllowedError(ServiceError):
    """This URL does not support that method."""

    code = "http.method.not_allowed"
    status = 405
    remedy = "Use one of the methods in Allow."


class UnsupportedMediaTypeError(ServiceError):
    """The media type of the body is not supported."""

    code = "http.media_type.unsupported"
    status = 415
    remedy = "Send the media type of the API reference, in UTF-8 and without a Content-Encoding."


class RequestTimeoutError(ServiceError):
    """The request did not arrive in time."""

    code = "http.request.timeout"
    status = 408
    remedy = "Send the request again over a faster connection."


class ServiceStartingError(UnavailableError):
    """The service is starting."""

    code = "core.service.starting"


class ServiceNotReadyError(UnavailableError):
    """A dependency of the service is not ready."""

    code = "core.service.not_ready"
    remedy = "Check the named parts and reasons."

    @classmethod
    def from_parts(cls, parts: tuple[FieldProblem, ...]) -> "ServiceNotReadyError":
        """Return the error with one field for each of *parts*."""
        fault = cls(f"Waiting for {', '.join(sorted(part.field for part in parts))}.")
        fault.fields = parts
        return fault


class InvalidAccessTokenError(UnauthenticatedError):
    """The access token is invalid."""

    code = "auth.access_token.invalid"
    remedy = "Get a new access token."


class AccessTokenExpiredError(UnauthenticatedError):
    """The access token has expired."""

    code = "auth.access_token.expired"
    remedy = "Get a new access token with the refresh token."


class SessionRevokedError(UnauthenticatedError):
    """The session was revoked."""

    code = "auth.session.revoked"
    remedy = "Log in again."


class ReauthenticationRequiredError(UnauthenticatedError):
    """A recent log-in is required."""

    code = "auth.session.reauthentication_required"
    remedy = "Log in again, then retry the request."


class IdempotencyKeyMissingError(MalformedError):
    """An Idempotency-Key is required."""

    code = "idempotency.key.missing"
    remedy = "Send a new random Idempotency-Key of at most 255 characters; use the same key when you retry the request."


class IdempotencyKeyReusedError(InvalidInputError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency.key.reused"
    remedy = "Use a new key for a new request."


class IdempotencyConflictError(ConflictError):
    """The request with this Idempotency-Key is still in progress."""

    code = "idempotency.request.in_progress"
    remedy = "Wait for the time in Retry-After, then retry the request with the same key."


class IdempotentReplyNotStoredError(ConflictError):
    """The request succeeded, but its reply contained a secret and was not stored."""

    code = "idempotency.reply.not_stored"
    remedy = "Check what the first request created; if its secret is lost, revoke it and create another with a new key."

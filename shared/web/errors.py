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


class NoSuchRouteError(NotFoundError):
    """There is no such address."""

    code = "request.no_such_route"
    remedy = "Look the address up in the API reference."


class MethodRefusedError(ServiceError):
    """This address does not know that method."""

    code = "request.method_not_allowed"
    status = 405
    remedy = "Use one of the methods in Allow."


class MediaTypeRefusedError(ServiceError):
    """The body is not in a form that is read here."""

    code = "request.media_type"
    status = 415
    remedy = "Send the media type that the API reference names, in UTF-8 and without a Content-Encoding."


class SlowBodyError(ServiceError):
    """The body did not arrive in time."""

    code = "request.too_slow"
    status = 408
    remedy = "Send the request again over a faster connection."


class StartingError(UnavailableError):
    """The service is starting."""

    code = "service.starting"


class NotReadyError(UnavailableError):
    """Some part does not answer."""

    code = "service.not_ready"
    remedy = "See which parts are named, and why."

    @classmethod
    def naming(cls, parts: tuple[FieldProblem, ...]) -> "NotReadyError":
        """Return the error that names *parts*."""
        fault = cls(f"Waiting for {', '.join(sorted(part.field for part in parts))}.")
        fault.fields = parts
        return fault


class TokenRefusedError(UnauthenticatedError):
    """The access token is not valid here."""

    code = "auth.token_refused"
    remedy = "Get a new access token."


class TokenExpiredError(UnauthenticatedError):
    """The access token has expired."""

    code = "auth.token_expired"
    remedy = "Get a new access token with the refresh token."


class SessionOverError(UnauthenticatedError):
    """The session was ended."""

    code = "auth.session_ended"
    remedy = "Log in again."


class StaleLoginError(UnauthenticatedError):
    """This needs a recent log-in."""

    code = "auth.login_too_old"
    remedy = "Log in again, then repeat the request."


class KeyMissingError(MalformedError):
    """An Idempotency-Key is needed."""

    code = "idempotency.key_missing"
    remedy = "Send a new random Idempotency-Key of at most 255 characters; the same one when you repeat the request."


class KeyReusedError(InvalidInputError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency.key_reused"
    remedy = "Use a new key for a new request."


class InFlightError(ConflictError):
    """The request with this Idempotency-Key is still being worked on."""

    code = "idempotency.in_flight"
    remedy = "Wait as long as Retry-After says, then repeat the request with the same key."


class ReplyNotKeptError(ConflictError):
    """The request was done, but its answer held a secret and was not kept."""

    code = "idempotency.reply_not_kept"
    remedy = "Look at what the first request made; if its secret is lost, revoke it and make another with a new key."


class CursorRefusedError(MalformedError):
    """The cursor is not one that was given for this list."""

    code = "page.cursor_refused"
    remedy = "Start again without a cursor, and follow next_cursor as it is given."

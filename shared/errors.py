"""The base errors: a stable code and a status on the class, the detail on the instance.

Domain code raises them; ``shared.web`` renders them as problem+json (RFC 9457). Any other exception is an opaque 500.

    ServiceError
    ├── InvalidInputError        422  well-formed, but a field is invalid
    ├── MalformedError           400  cannot be parsed
    ├── UnauthenticatedError     401  no valid credential
    ├── ForbiddenError           403  not allowed for this caller
    ├── NotFoundError            404  does not exist, or is not visible to the caller
    ├── ConflictError            409  not allowed in the current state
    ├── TooLargeError            413  over a documented limit
    ├── TooManyRequestsError     429  rate limit exceeded; with Retry-After
    └── UnavailableError         503  a dependency is down or full; with Retry-After
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

OVERLOAD_RETRY_AFTER = 2
"""Seconds that a client waits after a 503 (Retry-After), unless the error knows better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One invalid field: its location, a stable code, and a message for the caller."""

    field: str
    code: str
    message: str


class ServiceError(Exception):
    """An error with a stable *code*; the first line of the class docstring is its title."""

    code: ClassVar[str] = "core.service.internal_error"
    status: ClassVar[int] = 500
    remedy: ClassVar[str] = ""

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: tuple[FieldProblem, ...] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """*detail* is shown to the caller: never put personal data or a secret in it. *retry_after* is in seconds."""
        super().__init__(detail or self.get_title())
        self.detail = detail or self.get_title()
        self.fields = fields
        self.retry_after = retry_after
        self.headers = dict(headers or {})

    @classmethod
    def get_title(cls) -> str:
        """The first line of the docstring, without its full stop."""
        return (cls.__doc__ or cls.code).strip().splitlines()[0].rstrip(".")


class InvalidInputError(ServiceError):
    """The request contains invalid values."""

    code = "http.request.invalid"
    status = 422
    remedy = "Correct the named fields and send the request again."


class MalformedError(ServiceError):
    """The request cannot be read."""

    code = "http.request.malformed"
    status = 400
    remedy = "Send a well-formed request as the API reference describes it."


class UnauthenticatedError(ServiceError):
    """Authentication is required."""

    code = "auth.credentials.required"
    status = 401
    remedy = "Log in and send the access token as a Bearer token."


class ForbiddenError(ServiceError):
    """Your credential does not allow this."""

    code = "auth.access.forbidden"
    status = 403
    remedy = "Use a credential with the required scope or role."


class NotFoundError(ServiceError):
    """The resource was not found."""

    code = "core.resource.not_found"
    status = 404
    remedy = "Check the id: it may be mistyped, deleted, or in another account."


class ConflictError(ServiceError):
    """The resource is not in a state that allows this."""

    code = "core.resource.conflict"
    status = 409
    remedy = "Read the resource again before you retry."


class FourEyesError(ConflictError):
    """A second person must approve what the first one requested."""

    code = "auth.second_person.required"
    remedy = "Ask a colleague with the required role to approve it."


class InvalidCursorError(MalformedError):
    """The cursor does not belong to this list."""

    code = "page.cursor.invalid"
    remedy = "Start again without a cursor and use next_cursor unchanged."


class TooLargeError(ServiceError):
    """The request is too large."""

    code = "http.request.too_large"
    status = 413
    remedy = "Send a smaller request."


class TooManyRequestsError(ServiceError):
    """Too many requests."""

    code = "http.request.rate_limited"
    status = 429
    remedy = "Wait for the time in Retry-After, then send the request again."


class UnavailableError(ServiceError):
    """The service is temporarily unavailable."""

    code = "core.service.unavailable"
    status = 503
    remedy = "Try again after the time in Retry-After."

    def __init__(self, detail: str | None = None, *, retry_after: int = OVERLOAD_RETRY_AFTER) -> None:
        super().__init__(detail, retry_after=retry_after)

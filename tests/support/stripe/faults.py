"""What goes wrong between us and Stripe."""

from enum import StrEnum


class Fault(StrEnum):
    """A fault of one answer."""

    LOST_REQUEST = "lost_request"
    """The connection breaks before the request has an effect."""
    LOST_ANSWER = "lost_answer"
    """The request has its effect, and the connection breaks."""
    UNREADABLE = "unreadable"
    """200 with a body that is no JSON, after the effect."""
    EMPTY = "empty"
    """200 with ``{}``, after the effect."""
    SERVER_ERROR = "server_error"
    """500 before the effect."""
    RATE_LIMITED = "rate_limited"
    """429 before the effect."""
    IN_USE = "in_use"
    """409: the key is in use by another request."""
    SLOW = "slow"
    """The answer comes after a time that no caller waits."""
    UNAUTHORIZED = "unauthorized"
    """401: the key of the API is wrong."""

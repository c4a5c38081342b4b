"""The errors of the bus."""

from shared.errors import ForbiddenError, ServiceError, UnavailableError


class RpcTimeoutError(UnavailableError):
    """Another service did not reply in time."""

    code = "rpc.call.timeout"


class RpcError(ServiceError):
    """Another service rejected the call.

    *code* and *status* are those of the error that it returned.
    """

    code = "rpc.call.failed"
    status = 403

    def __init__(self, code: str, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        vars(self).update(code=code, status=status)  # class attributes elsewhere; here they come from the reply


class CallerDeniedError(ForbiddenError):
    """The calling service may not call this RPC.

    The registry does not allow the call, or the broker has not verified the caller.
    """

    code = "rpc.caller.denied"
    remedy = "Name the caller in `serves` of shared/services.yaml, or connect as the user of the service."


class MalformedMessageError(Exception):
    """A message that cannot be parsed. It is dead-lettered at once, since a redelivery cannot succeed."""


class UntrustedPublisherError(MalformedMessageError):
    """An event whose verified publisher is not the service that the event type names."""

"""Every refusal that this package can give."""

from shared.errors import ForbiddenError, ServiceError, UnavailableError


class RpcTimeoutError(UnavailableError):
    """A question to another service was not answered in time."""

    code = "rpc.call.timeout"


class RpcError(ServiceError):
    """Another service refused a question; *code* and *status* are those of its refusal."""

    code = "rpc.call.failed"
    status = 403

    def __init__(self, code: str, status: int, detail: str | None = None) -> None:
        super().__init__(detail)
        vars(self).update(code=code, status=status)  # the family keeps both on the class; here they are the other's


class CallerDeniedError(ForbiddenError):
    """A service calls an RPC that the registry does not allow it, or the broker has not verified who it is."""

    code = "rpc.caller.denied"
    remedy = "Name the caller in `serves` of shared/services.yaml, or connect as the user of the service."


class MalformedMessageError(Exception):
    """A message that no delivery can make readable: it goes to the dead letters at once."""


class UntrustedPublisherError(MalformedMessageError):
    """An event whose publisher, as the broker has verified it, is not the service that the event type names."""

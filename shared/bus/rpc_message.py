"""The wire format of RPCs: a protobuf body; the caller as validated user_id; purpose and deadline as headers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aio_pika import Message
from aio_pika.abc import AbstractMessage, HeadersType
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.envelope import CONTENT_TYPE
from shared.bus.errors import CallerDeniedError, MalformedMessageError, RpcError
from shared.clock import rfc3339
from shared.errors import ServiceError
from shared.policy.purposes import Purpose

REPLY_TO = "amq.rabbitmq.reply-to"
_CODE_HEADER, _STATUS_HEADER = "candor:code", "candor:status"


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcContext:
    """The calling service, the purpose of the call, and the time until which the caller waits."""

    caller: str
    purpose: Purpose
    deadline: datetime

    @classmethod
    def from_message(cls, message: AbstractMessage) -> "RpcContext":
        """Read the context of a request. The caller is the user that the broker has verified, never a header.

        Raises:
            CallerDeniedError: the message carries no user_id.
            MalformedMessageError: purpose or deadline is missing.
            RpcError: ``data.purpose.denied``, for an unknown purpose.

        """
        caller = message.user_id
        if not caller:
            raise CallerDeniedError("The broker has not verified the caller")
        try:
            deadline = datetime.fromisoformat(str(message.headers["candor:deadline"]))
            purpose = str(message.headers["candor:purpose"])
        except (KeyError, ValueError) as fault:
            raise MalformedMessageError("the request names no purpose or deadline") from fault
        if purpose not in set(Purpose):
            raise RpcError("data.purpose.denied", 403, "There is no such purpose")
        return cls(caller=caller, purpose=Purpose(purpose), deadline=deadline)

    def to_message(self, request_id: str, request: Proto, timeout: timedelta) -> Message:
        """Return the request. The broker rejects it unless the connection is that of the caller's user."""
        return Message(
            request.SerializeToString(),
            message_id=request_id,
            correlation_id=request_id,
            reply_to=REPLY_TO,
            user_id=self.caller,
            content_type=CONTENT_TYPE,
            expiration=timeout,
            headers={
                "candor:purpose": self.purpose.value,
                "candor:deadline": rfc3339(self.deadline),
                "traceparent": observe.current_traceparent(),
            },
        )


def reply_message(request_id: str, reply: Proto, *, server: str) -> Message:
    """Return the reply of *server* to a request."""
    return _reply(request_id, reply.SerializeToString(), {}, server)


def error_message(request_id: str, error: ServiceError, *, server: str) -> Message:
    """Return the error reply of *server*: code, status and the detail, which contains no personal data."""
    headers: HeadersType = {_CODE_HEADER: error.code, _STATUS_HEADER: error.status}
    return _reply(request_id, error.detail.encode(), headers, server)


def _reply(request_id: str, body: bytes, headers: HeadersType, server: str) -> Message:
    return Message(body, message_id=request_id, correlation_id=request_id, user_id=server, headers=headers)


def raise_for_error(headers: HeadersType, body: bytes) -> None:
    """Raise RpcError when a reply is an error."""
    if _CODE_HEADER in headers:
        raise RpcError(str(headers[_CODE_HEADER]), int(str(headers[_STATUS_HEADER])), body.decode(errors="replace"))

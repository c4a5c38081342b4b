"""A question on the wire: a protobuf body; who asks, why and until when as headers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aio_pika import Message
from aio_pika.abc import HeadersType
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.envelope import CONTENT_TYPE
from shared.bus.errors import MalformedMessageError, RpcError
from shared.clock import rfc3339
from shared.errors import ServiceError
from shared.policy.purposes import Purpose

REPLY_TO = "amq.rabbitmq.reply-to"
_CODE_HEADER, _STATUS_HEADER = "candor:code", "candor:status"


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcContext:
    """Who asks, for what purpose, and until when an answer is of use."""

    caller: str
    purpose: Purpose
    deadline: datetime

    @classmethod
    def from_headers(cls, headers: HeadersType) -> "RpcContext":
        """Parse *headers*; MalformedMessageError when incomplete, ``data.purpose.denied`` for an unknown purpose."""
        try:
            deadline = datetime.fromisoformat(str(headers["candor:deadline"]))
            caller, purpose = str(headers["candor:caller"]), str(headers["candor:purpose"])
        except (KeyError, ValueError) as fault:
            raise MalformedMessageError("the question names no asker, purpose or deadline") from fault
        if purpose not in set(Purpose):
            raise RpcError("data.purpose.denied", 403, "There is no such purpose")
        return cls(caller=caller, purpose=Purpose(purpose), deadline=deadline)

    def to_message(self, request_id: str, request: Proto, timeout: timedelta) -> Message:
        """Return the question; the broker drops it once its time is over."""
        return Message(
            request.SerializeToString(),
            message_id=request_id,
            correlation_id=request_id,
            reply_to=REPLY_TO,
            content_type=CONTENT_TYPE,
            expiration=timeout,
            headers={
                "candor:caller": self.caller,
                "candor:purpose": self.purpose.value,
                "candor:deadline": rfc3339(self.deadline),
                "traceparent": observe.current_traceparent(),
            },
        )


def reply_message(request_id: str, reply: Proto) -> Message:
    """Return the message that answers a question."""
    return Message(reply.SerializeToString(), message_id=request_id, correlation_id=request_id, headers={})


def error_message(request_id: str, error: ServiceError) -> Message:
    """Return the message that refuses a question: code, status and the detail, which holds nothing personal."""
    headers: HeadersType = {_CODE_HEADER: error.code, _STATUS_HEADER: error.status}
    return Message(error.detail.encode(), message_id=request_id, correlation_id=request_id, headers=headers)


def raise_for_error(headers: HeadersType, body: bytes) -> None:
    """Raise QuestionRefusedError when a reply is a refusal."""
    if _CODE_HEADER in headers:
        raise RpcError(str(headers[_CODE_HEADER]), int(str(headers[_STATUS_HEADER])), body.decode(errors="replace"))

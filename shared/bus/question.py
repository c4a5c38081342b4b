"""A question on the wire: a protobuf body; who asks, why and until when as headers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aio_pika import Message
from aio_pika.abc import HeadersType
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.envelope import CONTENT_TYPE
from shared.bus.errors import QuestionRefusedError, UnreadableError
from shared.clock import rfc3339
from shared.errors import ServiceError
from shared.policy.purposes import Purpose

REPLY_TO = "amq.rabbitmq.reply-to"
_CODE, _STATUS = "candor:code", "candor:status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, for what purpose, and until when an answer is of use."""

    asker: str
    purpose: Purpose
    deadline: datetime

    @classmethod
    def of(cls, headers: HeadersType) -> "Asked":
        """Read it; UnreadableError when it is incomplete, ``purpose.refused`` when the purpose is not in the list."""
        try:
            deadline = datetime.fromisoformat(str(headers["candor:deadline"]))
            asker, purpose = str(headers["candor:asker"]), str(headers["candor:purpose"])
        except (KeyError, ValueError) as fault:
            raise UnreadableError("the question names no asker, purpose or deadline") from fault
        if purpose not in set(Purpose):
            raise QuestionRefusedError("purpose.refused", 403, "There is no such purpose")
        return cls(asker=asker, purpose=Purpose(purpose), deadline=deadline)

    def to_message(self, question_id: str, request: Proto, timeout: timedelta) -> Message:
        """Return the question; the broker drops it once its time is over."""
        return Message(
            request.SerializeToString(),
            message_id=question_id,
            correlation_id=question_id,
            reply_to=REPLY_TO,
            content_type=CONTENT_TYPE,
            expiration=timeout,
            headers={
                "candor:asker": self.asker,
                "candor:purpose": self.purpose.value,
                "candor:deadline": rfc3339(self.deadline),
                "traceparent": observe.current_traceparent(),
            },
        )


def answer_of(question_id: str, reply: Proto) -> Message:
    """Return the message that answers a question."""
    return Message(reply.SerializeToString(), message_id=question_id, correlation_id=question_id, headers={})


def refusal_of(question_id: str, refusal: ServiceError) -> Message:
    """Return the message that refuses a question: code, status and the detail, which holds nothing personal."""
    headers: HeadersType = {_CODE: refusal.code, _STATUS: refusal.status}
    return Message(refusal.detail.encode(), message_id=question_id, correlation_id=question_id, headers=headers)


def raise_if_refused(headers: HeadersType, body: bytes) -> None:
    """Raise QuestionRefusedError when a reply is a refusal."""
    if _CODE in headers:
        raise QuestionRefusedError(str(headers[_CODE]), int(str(headers[_STATUS])), body.decode(errors="replace"))

"""Answers the questions of other services; the replicas share them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.broker import Broker, tried
from shared.bus.errors import QuestionRefusedError, UnreadableError
from shared.bus.intake import Intake
from shared.bus.publishing import PUBLISH_LIMIT, fates
from shared.bus.question import Asked, answer_of, refusal_of
from shared.bus.topology import QuestionQueue
from shared.clock import Clock
from shared.errors import ServiceError

log = observe.logger(__name__)
_answered = observe.counter("bus_answers_total", "Questions of others by what became of them.", ("question", "outcome"))

AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question is answered; ServiceErrors that *run* raises are told to the asker as refusals."""

    name: str
    request_type: type[Proto]
    run: Callable[[Any, Asked], Awaitable[Proto]]


class Answerer:
    """Answers all questions of a service."""

    def __init__(self, broker: Broker, answers: Sequence[Answer], clock: Clock) -> None:
        self._desks = [_Desk(broker, answer, clock) for answer in answers]

    async def run(self) -> None:
        """Answer for ever; when cancelled, finish what is in hand."""
        async with asyncio.TaskGroup() as group:
            for desk in self._desks:
                group.create_task(desk.intake.run(), name=f"answer-{desk.answer.name}")


class _Desk:
    """Answers one question."""

    def __init__(self, broker: Broker, answer: Answer, clock: Clock) -> None:
        self.answer, self._clock = answer, clock
        self._channel: AbstractChannel | None = None
        self.intake = Intake(
            link=broker.asking, prefetch=AT_ONCE, declare=self._declare, handle=self._handle, failed=self._failed
        )

    async def _declare(self, channel: AbstractChannel) -> AbstractQueue:
        self._channel = channel
        return await QuestionQueue(name=self.answer.name).declare(channel)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            asked = Asked.of(message.headers)
            reply = await self._in_time(message, asked)
        except ServiceError as refusal:
            await self._settle(message, "refused", refusal_of(str(message.correlation_id), refusal))
        except TimeoutError:
            await self._settle(message, "expired", None)
        else:
            await self._settle(message, "answered", answer_of(str(message.correlation_id), reply))

    async def _in_time(self, message: AbstractIncomingMessage, asked: Asked) -> Proto:
        """Return the answer, or raise TimeoutError: after the deadline nobody listens."""
        async with asyncio.timeout(_seconds_until(asked.deadline, self._clock())):
            await asyncio.sleep(0)  # an expired question is not even begun
            with observe.continued(str(message.headers.get("traceparent", "")), f"answer {self.answer.name}"):
                return await self.answer.run(self._decode(message.body), asked)

    def _decode(self, body: bytes) -> Proto:
        try:
            return self.answer.request_type.FromString(body)
        except DecodeError as fault:
            raise UnreadableError(f"the body is no {self.answer.name}") from fault

    async def _failed(self, message: AbstractIncomingMessage, fault: Exception) -> None:
        """Tell the asker at once, and nothing of the reason: that is in the log."""
        log.error("bus.answer_failed", question=self.answer.name, fault=type(fault).__name__)
        refusal = QuestionRefusedError("internal", 500, "The question could not be answered")
        if isinstance(fault, UnreadableError):
            refusal = QuestionRefusedError("question.malformed", 400, "The question cannot be read")
        await self._settle(message, "failed", refusal_of(str(message.correlation_id), refusal))

    async def _settle(self, message: AbstractIncomingMessage, outcome: str, reply: Message | None) -> None:
        if reply is not None and message.reply_to and self._channel is not None:
            exchange = self._channel.default_exchange
            await fates([exchange.publish(reply, message.reply_to, mandatory=True, timeout=PUBLISH_LIMIT)])
        await tried(message.ack())
        _answered.labels(self.answer.name, outcome).inc()


def _seconds_until(deadline: datetime, now: datetime) -> float:
    return (deadline - now).total_seconds()

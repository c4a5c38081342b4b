"""Asks other services, with a purpose and a deadline."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.broker import Broker
from shared.bus.errors import QuestionTimeoutError
from shared.bus.publishing import Fate, fates
from shared.bus.question import REPLY_TO, Asked, raise_if_refused
from shared.clock import Clock, utc_now
from shared.ids import jitter, new_id
from shared.policy.purposes import Purpose

R = TypeVar("R", bound=Proto)


@dataclass(slots=True)
class _Replies:
    """The channel on which questions go out and their replies come back."""

    channel: AbstractChannel
    waiting: dict[str, asyncio.Future[AbstractIncomingMessage | None]] = field(default_factory=dict)

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Hand a reply to who waits for it; one that comes too late is dropped."""
        self._settle(message.correlation_id, message)

    def lost(self, *_: object) -> None:
        """Tell all who wait that no reply can come any more."""
        for question_id in list(self.waiting):
            self._settle(question_id, None)

    def _settle(self, question_id: str | None, message: AbstractIncomingMessage | None) -> None:
        future = self.waiting.get(question_id or "")
        if future is not None and not future.done():
            future.set_result(message)


class Asker:
    """Asks in the name of one service."""

    def __init__(self, broker: Broker, service: str, clock: Clock = utc_now) -> None:
        self._link, self._service, self._clock = broker.asking, service, clock
        self._replies: _Replies | None = None
        self._opening = asyncio.Lock()

    async def ask(
        self, name: str, request: Proto, reply: type[R], *, purpose: Purpose, timeout: timedelta = timedelta(seconds=5)
    ) -> R:
        """Return the answer to question *name*.

        QuestionRefusedError carries the other side's refusal; QuestionTimeoutError when there was no answer in time,
        which says nothing about whether the question was heard.
        """
        asked = Asked(asker=self._service, purpose=purpose, deadline=self._clock() + timeout)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                with observe.span(f"ask {name}"):
                    answer = await self._exchange(name, asked, request, timeout)
        except TimeoutError as fault:
            raise QuestionTimeoutError(f"{name} was not answered in time") from fault
        raise_if_refused(answer.headers, answer.body)
        return reply.FromString(answer.body)

    async def _exchange(self, name: str, asked: Asked, request: Proto, timeout: timedelta) -> AbstractIncomingMessage:
        """Publish until a queue has taken the question, then wait for the reply."""
        question_id = new_id("ask")
        message = asked.to_message(question_id, request, timeout)
        while True:
            replies = await self._open()
            replies.waiting[question_id] = future = asyncio.get_running_loop().create_future()
            try:
                (fate,) = await fates([replies.channel.default_exchange.publish(message, name, mandatory=True)])
                if fate in (Fate.CONFIRMED, Fate.UNKNOWN):
                    return _here(name, await future)
            finally:
                del replies.waiting[question_id]
            await asyncio.sleep(jitter(0.1))  # nobody answers yet, or too many ask: the deadline decides

    async def _open(self) -> _Replies:
        async with self._opening:
            if self._replies is None or self._replies.channel.is_closed:
                self._replies = await self._opened()
            return self._replies

    async def _opened(self) -> _Replies:
        channel = await self._link.open_channel()
        replies = _Replies(channel)
        channel.close_callbacks.add(replies.lost)
        queue = await channel.get_queue(REPLY_TO, ensure=False)  # the broker's direct reply-to: it is not declared
        await queue.consume(replies.take, no_ack=True)
        return replies


def _here(name: str, message: AbstractIncomingMessage | None) -> AbstractIncomingMessage:
    if message is None:
        raise QuestionTimeoutError(f"The connection was lost while {name} was being answered")
    return message

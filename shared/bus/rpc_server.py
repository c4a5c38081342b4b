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
from shared.bus.broker import Broker, settle_if_open
from shared.bus.consumer_loop import ConsumerLoop
from shared.bus.errors import MalformedMessageError, RpcError
from shared.bus.publishing import PUBLISH_TIMEOUT, publish_outcomes
from shared.bus.rpc_message import RpcContext, error_message, reply_message
from shared.bus.topology import RpcQueue
from shared.clock import Clock
from shared.errors import ServiceError

log = observe.get_logger(__name__)
_requests = observe.counter(
    "candor_rpc_server_requests_total", "Questions of others by what became of them.", ("method", "outcome")
)

PREFETCH_COUNT: Final = 32


@dataclass(frozen=True, slots=True)
class RpcHandler:
    """How one question is answered; ServiceErrors that *run* raises are told to the asker as refusals."""

    name: str
    request_type: type[Proto]
    run: Callable[[Any, RpcContext], Awaitable[Proto]]


class RpcServer:
    """Answers all questions of a service."""

    def __init__(self, broker: Broker, handlers: Sequence[RpcHandler], clock: Clock) -> None:
        self._workers = [_RpcWorker(broker, handler, clock) for handler in handlers]

    async def run(self) -> None:
        """Answer for ever; when cancelled, finish what is in hand."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.consumer_loop.run(), name=f"rpc-{worker.handler.name}")


class _RpcWorker:
    """Answers one question."""

    def __init__(self, broker: Broker, handler: RpcHandler, clock: Clock) -> None:
        self.handler, self._clock = handler, clock
        self._channel: AbstractChannel | None = None
        self.consumer_loop = ConsumerLoop(
            connection=broker.rpc_connection,
            prefetch=PREFETCH_COUNT,
            declare=self._declare,
            handle=self._handle,
            on_failure=self._on_failure,
        )

    async def _declare(self, channel: AbstractChannel) -> AbstractQueue:
        self._channel = channel
        return await RpcQueue(name=self.handler.name).declare_on(channel)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            context = RpcContext.from_headers(message.headers)
            reply = await self._run_before_deadline(message, context)
        except ServiceError as error:
            await self._complete(message, "error", error_message(str(message.correlation_id), error))
        except TimeoutError:
            await self._complete(message, "deadline_exceeded", None)
        else:
            await self._complete(message, "ok", reply_message(str(message.correlation_id), reply))

    async def _run_before_deadline(self, message: AbstractIncomingMessage, context: RpcContext) -> Proto:
        """Return the answer, or raise TimeoutError: after the deadline nobody listens."""
        async with asyncio.timeout(_seconds_until(context.deadline, self._clock())):
            await asyncio.sleep(0)  # an expired question is not even begun
            with observe.span_from_traceparent(
                str(message.headers.get("traceparent", "")), f"serve {self.handler.name}"
            ):
                return await self.handler.run(self._parse_request(message.body), context)

    def _parse_request(self, body: bytes) -> Proto:
        try:
            return self.handler.request_type.FromString(body)
        except DecodeError as fault:
            raise MalformedMessageError(f"the body is no {self.handler.name}") from fault

    async def _on_failure(self, message: AbstractIncomingMessage, fault: Exception) -> None:
        """Tell the asker at once, and nothing of the reason: that is in the log."""
        log.error("rpc.handler_failed", method=self.handler.name, fault=type(fault).__name__)
        error = RpcError("core.service.internal_error", 500, "The question could not be answered")
        if isinstance(fault, MalformedMessageError):
            error = RpcError("rpc.request.malformed", 400, "The question cannot be read")
        await self._complete(message, "failed", error_message(str(message.correlation_id), error))

    async def _complete(self, message: AbstractIncomingMessage, outcome: str, reply: Message | None) -> None:
        if reply is not None and message.reply_to and self._channel is not None:
            exchange = self._channel.default_exchange
            await publish_outcomes([exchange.publish(reply, message.reply_to, mandatory=True, timeout=PUBLISH_TIMEOUT)])
        await settle_if_open(message.ack())
        _requests.labels(self.handler.name, outcome).inc()


def _seconds_until(deadline: datetime, now: datetime) -> float:
    return (deadline - now).total_seconds()

"""Serves RPCs to the services that the registry allows; the replicas of a service share the requests."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
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
from shared.bus.envelope import owner_of
from shared.bus.errors import CallerDeniedError, MalformedMessageError, RpcError
from shared.bus.publishing import PUBLISH_TIMEOUT, publish_outcomes
from shared.bus.rpc_message import RpcContext, error_message, reply_message
from shared.bus.topology import RpcQueue
from shared.clock import Clock
from shared.errors import ServiceError
from shared.registry import get_registry

log = observe.get_logger(__name__)
_requests = observe.counter("candor_rpc_server_requests_total", "RPC requests by outcome.", ("method", "outcome"))
_denied = observe.counter(
    "candor_rpc_server_denied_total", "RPC requests of callers that the registry does not allow.", ("method",)
)

CallersOf = Callable[[str], Collection[str]]
"""Returns the services that may call an RPC."""

PREFETCH_COUNT: Final = 32


@dataclass(frozen=True, slots=True)
class RpcHandler:
    """The handler of one RPC; a ServiceError that *run* raises is returned to the caller as an RpcError."""

    name: str
    request_type: type[Proto]
    run: Callable[[Any, RpcContext], Awaitable[Proto]]


class RpcServer:
    """Serves all RPCs of a service."""

    def __init__(
        self,
        broker: Broker,
        handlers: Sequence[RpcHandler],
        clock: Clock,
        *,
        callers_of: CallersOf = lambda rpc: get_registry().callers_of(rpc),
    ) -> None:
        """*callers_of* reads the registry by default; RegistryError for an RPC that it does not contain."""
        self._workers = [
            _RpcWorker(broker, handler, clock, frozenset(callers_of(handler.name))) for handler in handlers
        ]

    async def run(self) -> None:
        """Serve until cancelled, then finish the requests in progress."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.consumer_loop.run(), name=f"rpc-{worker.handler.name}")


class _RpcWorker:
    """Serves one RPC."""

    def __init__(self, broker: Broker, handler: RpcHandler, clock: Clock, callers: frozenset[str]) -> None:
        self.handler, self._clock, self._callers = handler, clock, callers
        self._server = owner_of(handler.name)
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
        request_id = str(message.correlation_id)
        try:
            context = RpcContext.from_message(message)
            self._check_caller(context.caller)
            reply = await self._run_before_deadline(message, context)
        except CallerDeniedError as error:
            self._record_denied(message)
            await self._complete(message, "denied", error_message(request_id, error, server=self._server))
        except ServiceError as error:
            await self._complete(message, "error", error_message(request_id, error, server=self._server))
        except TimeoutError:
            await self._complete(message, "deadline_exceeded", None)
        else:
            await self._complete(message, "ok", reply_message(request_id, reply, server=self._server))

    def _check_caller(self, caller: str) -> None:
        if caller not in self._callers:
            raise CallerDeniedError(f"{caller} may not call {self.handler.name}")

    def _record_denied(self, message: AbstractIncomingMessage) -> None:
        log.warning("rpc.caller_denied", method=self.handler.name, caller=message.user_id or "")
        _denied.labels(self.handler.name).inc()

    async def _run_before_deadline(self, message: AbstractIncomingMessage, context: RpcContext) -> Proto:
        """Return the reply; TimeoutError after the deadline, when the caller no longer waits."""
        async with asyncio.timeout(_seconds_until(context.deadline, self._clock())):
            await asyncio.sleep(0)  # an expired request is not started
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
        """Reply with an opaque error at once; the cause is in the log."""
        log.error("rpc.handler_failed", method=self.handler.name, fault=type(fault).__name__)
        error = RpcError("core.service.internal_error", 500, "The request failed")
        if isinstance(fault, MalformedMessageError):
            error = RpcError("rpc.request.malformed", 400, "The request cannot be parsed")
        reply = error_message(str(message.correlation_id), error, server=self._server)
        await self._complete(message, "failed", reply)

    async def _complete(self, message: AbstractIncomingMessage, outcome: str, reply: Message | None) -> None:
        if reply is not None and message.reply_to and self._channel is not None:
            exchange = self._channel.default_exchange
            await publish_outcomes([exchange.publish(reply, message.reply_to, mandatory=True, timeout=PUBLISH_TIMEOUT)])
        await settle_if_open(message.ack())
        _requests.labels(self.handler.name, outcome).inc()


def _seconds_until(deadline: datetime, now: datetime) -> float:
    return (deadline - now).total_seconds()

"""Calls RPCs of other services, with a purpose and a deadline."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from google.protobuf.message import Message as Proto

from shared import observe
from shared.bus.broker import Broker
from shared.bus.envelope import owner_of
from shared.bus.errors import RpcTimeoutError
from shared.bus.publishing import PublishOutcome, publish_outcomes
from shared.bus.rpc_message import REPLY_TO, RpcContext, raise_for_error
from shared.clock import Clock, utc_now
from shared.ids import jitter, new_id
from shared.policy.purposes import Purpose

R = TypeVar("R", bound=Proto)


@dataclass(slots=True)
class _ReplyChannel:
    """The channel on which requests are sent and replies received."""

    channel: AbstractChannel
    pending: dict[str, asyncio.Future[AbstractIncomingMessage | None]] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    """The service that must reply, by request id: the broker verifies the user of a reply, too."""

    async def on_reply(self, message: AbstractIncomingMessage) -> None:
        """Pass a reply to its call; drop a late one, and one from another service than the called one."""
        if message.user_id == self.servers.get(message.correlation_id or ""):
            self._resolve(message.correlation_id, message)

    def fail_pending(self, *_: object) -> None:
        """Fail all pending calls: no reply can arrive any more."""
        for request_id in list(self.pending):
            self._resolve(request_id, None)

    def _resolve(self, request_id: str | None, message: AbstractIncomingMessage | None) -> None:
        future = self.pending.get(request_id or "")
        if future is not None and not future.done():
            future.set_result(message)


class RpcClient:
    """Calls RPCs on behalf of one service."""

    def __init__(self, broker: Broker, service: str, clock: Clock = utc_now) -> None:
        self._connection, self._service, self._clock = broker.rpc_connection, service, clock
        self._reply_channel: _ReplyChannel | None = None
        self._open_lock = asyncio.Lock()

    async def call(
        self,
        name: str,
        request: Proto,
        reply_type: type[R],
        *,
        purpose: Purpose,
        timeout: timedelta = timedelta(seconds=5),
    ) -> R:
        """Call the RPC *name* and return its reply.

        Raises:
            RpcError: the server rejected the call; code and status are the server's.
            RpcTimeoutError: no reply in time. The request may or may not have been processed.

        """
        context = RpcContext(caller=self._service, purpose=purpose, deadline=self._clock() + timeout)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                with observe.span(f"call {name}"):
                    message = await self._send_request(name, context, request, timeout)
        except TimeoutError as fault:
            raise RpcTimeoutError(f"No reply to {name} in time") from fault
        raise_for_error(message.headers, message.body)
        return reply_type.FromString(message.body)

    async def _send_request(
        self, name: str, context: RpcContext, request: Proto, timeout: timedelta
    ) -> AbstractIncomingMessage:
        """Publish until a queue has accepted the request, then wait for the reply."""
        request_id = new_id("ask")
        message = context.to_message(request_id, request, timeout)
        while True:
            replies = await self._get_reply_channel()
            replies.pending[request_id] = future = asyncio.get_running_loop().create_future()
            replies.servers[request_id] = owner_of(name)
            try:
                (outcome,) = await publish_outcomes(
                    [replies.channel.default_exchange.publish(message, name, mandatory=True)]
                )
                if outcome in (PublishOutcome.CONFIRMED, PublishOutcome.UNKNOWN):
                    return _require_reply(name, await future)
            finally:
                del replies.pending[request_id], replies.servers[request_id]
            await asyncio.sleep(jitter(0.1))  # no server yet, or its queue is full: retry until the deadline

    async def _get_reply_channel(self) -> _ReplyChannel:
        async with self._open_lock:
            if self._reply_channel is None or self._reply_channel.channel.is_closed:
                self._reply_channel = await self._open_reply_channel()
            return self._reply_channel

    async def _open_reply_channel(self) -> _ReplyChannel:
        channel = await self._connection.open_channel()
        replies = _ReplyChannel(channel)
        channel.close_callbacks.add(replies.fail_pending)
        queue = await channel.get_queue(REPLY_TO, ensure=False)  # direct reply-to: a pseudo-queue that is not declared
        await queue.consume(replies.on_reply, no_ack=True)
        return replies


def _require_reply(name: str, message: AbstractIncomingMessage | None) -> AbstractIncomingMessage:
    if message is None:
        raise RpcTimeoutError(f"The connection was lost before the reply to {name}")
    return message

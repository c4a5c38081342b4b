"""The connections of a process to RabbitMQ. They reconnect, and the work on a channel restarts with them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Self, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelNotFoundEntity, ChannelPreconditionFailed

from shared import observe
from shared.backoff import Backoff
from shared.bus.topology import ensure_exchanges

log = observe.get_logger(__name__)
T = TypeVar("T")
ChannelTask = Callable[[AbstractChannel], Awaitable[None]]
OnConnect = Callable[[AbstractConnection], Awaitable[None]]

CONNECTION_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, asyncio.CancelledError)
"""Raised when a connection or channel is lost; aiormq also cancels the tasks that wait on it."""
HEARTBEAT_SECONDS: Final = 15
CONNECT_TIMEOUT: Final = 10.0
CLOSE_TIMEOUT: Final = 2.0
BACKOFF: Final = Backoff(0.2, 5.0)


class _AmqpConnection(aio_pika.Connection):
    """Closed by its owner only: aio_pika's finalizer would start a close that is never awaited."""

    def __del__(self) -> None:
        pass


class RobustConnection:
    """A connection that reconnects until it is cancelled.

    Used instead of aio_pika's robust connection: after a loss the work on a channel declares, consumes and publishes
    again from the start. There is one code path and no state to restore.
    """

    def __init__(self, url: str, name: str, *, on_connect: OnConnect | None = None) -> None:
        """*on_connect* runs on each new connection before it is used."""
        self._url, self._name, self._on_connect = url, name, on_connect
        self._connection: AbstractConnection | None = None
        self._connected, self._disconnected = asyncio.Event(), asyncio.Event()

    @property
    def connected(self) -> bool:
        """Return whether the connection is open."""
        return self._connected.is_set()

    async def run(self) -> None:
        """Keep the connection open; back off after each failed attempt."""
        failures = 0
        while True:
            connection = await result_or_exception(self._connect())
            if isinstance(connection, BaseException):
                log.warning("broker.unreachable", connection=self._name, fault=type(connection).__name__)
                failures += 1
                await asyncio.sleep(BACKOFF.delay_seconds(failures))
            else:
                failures = 0
                await self._wait_until_lost(connection)

    @asynccontextmanager
    async def acquire_channel(self) -> AsyncIterator[AbstractChannel]:
        """Open a channel with publisher confirms once the connection is open; close it at the end of the block."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            await _close(channel)

    async def open_channel(self) -> AbstractChannel:
        """Open a channel that the caller must close; see ``acquire_channel``."""
        await self._connected.wait()
        assert self._connection is not None
        channel = self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            await channel.initialize()
        except BaseException:
            await _close(channel)
            raise
        return channel

    async def run_on_channel(self, work: ChannelTask) -> None:
        """Run *work* on a channel, and on a new channel whenever it returns or its connection is lost.

        Other exceptions are raised. On cancellation the clean-up of *work* is awaited.
        """
        while True:
            await self._connected.wait()
            session = asyncio.ensure_future(self._run_once(work))
            disconnected = asyncio.ensure_future(self._disconnected.wait())
            try:
                await asyncio.wait({session, disconnected}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                disconnected.cancel()
                session.cancel()
                fault = await result_or_exception(session)
            self._raise_unless_lost(fault)
            if isinstance(fault, ChannelNotFoundEntity) and self._connection is not None:
                await _close(self._connection)  # an exchange was deleted: a new connection declares it again
            await asyncio.sleep(BACKOFF.delay_seconds(1))

    async def _run_once(self, work: ChannelTask) -> None:
        async with self.acquire_channel() as channel:
            await work(channel)

    def _raise_unless_lost(self, fault: BaseException | None) -> None:
        if fault is None:
            return
        if isinstance(fault, ChannelPreconditionFailed) or not is_connection_lost(fault):
            raise fault
        log.warning("broker.channel_lost", connection=self._name, fault=type(fault).__name__)

    async def _connect(self) -> AbstractConnection:
        connection = await self._open_connection()
        if self._on_connect is not None:
            try:
                await self._on_connect(connection)
            except BaseException:
                await _close(connection)
                raise
        return connection

    async def _open_connection(self) -> AbstractConnection:
        return await aio_pika.connect(
            self._url,
            connection_class=_AmqpConnection,
            timeout=CONNECT_TIMEOUT,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties={"connection_name": self._name},
        )

    async def _wait_until_lost(self, connection: AbstractConnection) -> None:
        self._disconnected.clear()
        connection.close_callbacks.add(lambda *_: self._disconnected.set())
        if connection.is_closed:
            self._disconnected.set()
        self._connection = connection
        self._connected.set()
        log.info("broker.connected", connection=self._name)
        try:
            await self._disconnected.wait()
            log.warning("broker.lost", connection=self._name)
        finally:
            self._connected.clear()
            await _close(connection)


class Broker:
    """The three connections of a process. Entering the context does not wait for the server.

    A broker short of memory or disk blocks every connection that publishes. Events, acknowledgements and RPCs
    therefore use separate connections.
    """

    def __init__(self, url: str, service: str) -> None:
        """*url* carries the password: it is never logged."""
        self.publish_connection = RobustConnection(url, f"{service}.publish", on_connect=ensure_exchanges)
        self.consume_connection = RobustConnection(url, f"{service}.consume", on_connect=ensure_exchanges)
        self.rpc_connection = RobustConnection(url, f"{service}.rpc", on_connect=ensure_exchanges)
        self._connections = (self.publish_connection, self.consume_connection, self.rpc_connection)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        """Return whether every connection is open."""
        return all(connection.connected for connection in self._connections)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(connection.run(), name="broker-connection") for connection in self._connections
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def result_or_exception(operation: Awaitable[T]) -> T | BaseException:
    """Return the result of *operation* or the exception that it raised; it runs in a separate task.

    aiormq cancels tasks that wait on a lost connection. That cancellation is returned as an exception; a
    CancelledError that this function raises is always the caller's own.
    """
    (outcome,) = await asyncio.gather(operation, return_exceptions=True)
    return outcome


async def settle_if_open(settlement: Awaitable[object]) -> None:
    """Acknowledge or reject a message; on a closed channel do nothing, since the broker delivers it again."""
    with suppress(AMQPError, ChannelInvalidStateError, OSError):
        await settlement


def is_connection_lost(fault: BaseException) -> bool:
    """Return whether *fault* means that the connection or channel is lost."""
    # aiormq raises the bare class Exception when it knows no reason.
    return isinstance(fault, CONNECTION_ERRORS) or type(fault) is Exception


async def _close(closable: AbstractChannel | AbstractConnection) -> None:
    """Close it with a time limit: a broker that blocks the connection does not reply to a close."""
    await result_or_exception(asyncio.wait_for(closable.close(), CLOSE_TIMEOUT))

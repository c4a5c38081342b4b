"""The connections of a process to RabbitMQ: they heal themselves, and the work on them begins anew with them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Self, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelPreconditionFailed

from shared import observe
from shared.ids import jitter

log = observe.logger(__name__)
T = TypeVar("T")
Work = Callable[[AbstractChannel], Awaitable[None]]

LOST: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, asyncio.CancelledError)
"""What a lost connection or channel raises: a cancellation too, where nobody of ours has cancelled."""
HEARTBEAT: Final = 15
CONNECT_LIMIT: Final = 10.0
CLOSE_LIMIT: Final = 2.0
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 5.0


class _Connection(aio_pika.Connection):
    """Closed by whoever holds it; aio_pika's own finalizer begins a close that nobody awaits."""

    def __del__(self) -> None:
        pass


class Link:
    """One connection, made anew for ever.

    Not aio_pika's robust connection: whoever works on a channel here declares, consumes and publishes from the start
    when it is lost, so there is one path and no state to restore.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._connection: AbstractConnection | None = None
        self._up, self._lost = asyncio.Event(), asyncio.Event()

    @property
    def connected(self) -> bool:
        """Tell whether the connection is open now."""
        return self._up.is_set()

    async def keep(self) -> None:
        """Hold a connection; wait longer before each attempt that fails."""
        wait = FIRST_WAIT
        while True:
            made = await settled(self._connect())
            if isinstance(made, BaseException):
                log.warning("broker.unreachable", link=self._name, fault=type(made).__name__)
                await asyncio.sleep(jitter(wait))
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                wait = FIRST_WAIT
                await self._hold(made)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """Open a channel with confirms as soon as there is a connection that the broker does not block."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            await _close(channel)

    async def open_channel(self) -> AbstractChannel:
        """As ``channel``, for who closes it by himself."""
        await self._up.wait()
        assert self._connection is not None
        channel = self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            await channel.initialize()
        except BaseException:
            await _close(channel)
            raise
        return channel

    async def serve(self, work: Work) -> None:
        """Run *work* on a channel, and on a new one whenever it ends or its connection is lost.

        A fault that is not the connection's is raised. When cancelled, the clean-up of *work* is waited for.
        """
        while True:
            await self._up.wait()
            session = asyncio.ensure_future(self._on_a_channel(work))
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                await asyncio.wait({session, lost}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                session.cancel()
                fault = await settled(session)
            self._judge(fault)
            await asyncio.sleep(jitter(FIRST_WAIT))

    async def _on_a_channel(self, work: Work) -> None:
        async with self.channel() as channel:
            await work(channel)

    def _judge(self, fault: BaseException | None) -> None:
        if fault is None:
            return
        if isinstance(fault, ChannelPreconditionFailed) or not is_loss(fault):
            raise fault
        log.warning("broker.channel_lost", link=self._name, fault=type(fault).__name__)

    async def _connect(self) -> AbstractConnection:
        return await aio_pika.connect(
            self._url,
            connection_class=_Connection,
            timeout=CONNECT_LIMIT,
            heartbeat=HEARTBEAT,
            client_properties={"connection_name": self._name},
        )

    async def _hold(self, connection: AbstractConnection) -> None:
        self._lost.clear()
        connection.close_callbacks.add(lambda *_: self._lost.set())
        if connection.is_closed:
            self._lost.set()
        self._connection = connection
        self._up.set()
        log.info("broker.connected", link=self._name)
        try:
            await self._lost.wait()
            log.warning("broker.lost", link=self._name)
        finally:
            self._up.clear()
            await _close(connection)


class Broker:
    """The three connections of a process; entering does not wait for the server.

    A broker short of memory or disk blocks every connection that publishes: facts, acknowledgements and questions
    therefore do not share one.
    """

    def __init__(self, url: str, service: str) -> None:
        """*url* carries the password: it is never logged."""
        self.publishing = Link(url, f"{service}.publishing")
        self.consuming = Link(url, f"{service}.consuming")
        self.asking = Link(url, f"{service}.asking")
        self._links = (self.publishing, self.consuming, self.asking)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        """Tell whether every connection is open now."""
        return all(link.connected for link in self._links)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(link.keep(), name="broker-link") for link in self._links]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def settled(work: Awaitable[T]) -> T | BaseException:
    """Return the result or the fault of *work*, run in a task of its own.

    aiormq cancels whoever waits on a connection that is lost. Here that is a fault like any other, and a
    CancelledError that is raised is our own.
    """
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    return outcome


async def tried(settlement: Awaitable[object]) -> None:
    """Acknowledge or reject if the channel still lives; if not, the broker delivers again anyway."""
    with suppress(AMQPError, ChannelInvalidStateError, OSError):
        await settlement


def is_loss(fault: BaseException) -> bool:
    """Tell whether *fault* says that the connection or channel is lost."""
    return isinstance(fault, LOST) or type(fault) is Exception  # the bare class: aiormq knew no reason


async def _close(closable: AbstractChannel | AbstractConnection) -> None:
    """Close it within a limit: a blocked broker does not read, so it does not answer either."""
    await settled(asyncio.wait_for(closable.close(), CLOSE_LIMIT))

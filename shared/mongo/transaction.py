"""Ambient transactions: whatever a context does inside ``transact`` joins, and is run again when it collides."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TypeVar

from pymongo.errors import PyMongoError

from shared.cancelling import heeded, settled
from shared.clock import monotonic
from shared.ids import jitter
from shared.mongo.driver import Driver, Session
from shared.mongo.errors import TransactionMisuseError, is_commit_unknown, is_transient, translated

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]
Callback = Callable[[], None]

_LONGEST_PAUSE = 0.25


@dataclass(eq=False, slots=True)
class _Attempt:
    """One attempt at a transaction."""

    owner: "Transactions"
    session: Session
    callbacks: list[Callback] = field(default_factory=list)
    busy: bool = False
    failed: bool = False
    ended: bool = False

    @contextmanager
    def step(self) -> Iterator[Session]:
        """Do one operation; a failure dooms the transaction, because MongoDB aborts it on the first error."""
        if self.busy:
            raise TransactionMisuseError("one operation at a time: no gather or create_task inside transact")
        self.check()
        self.busy = True
        try:
            with self.part():
                yield self.session
        finally:
            self.busy = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """Do a part; a failure dooms the whole, or half of the part's effects would stay."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def call_back(self) -> None:
        """Do what is due after the commit."""
        for callback in self.callbacks:
            callback()

    def check(self) -> None:
        """Refuse to go on after a failure that somebody caught inside."""
        if self.failed:
            raise TransactionMisuseError("an error inside transact must leave it: catch it outside, and decide anew")

    @contextmanager
    def ambient(self) -> Iterator[None]:
        """Let every operation of this context join."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)
            self.ended = True  # a task that was started inside still holds the variable


_CURRENT: ContextVar[_Attempt | None] = ContextVar("mongo_transaction", default=None)


class Transactions:
    """Runs the operations of one database, in the ambient transaction when there is one."""

    def __init__(self, driver: Driver, *, limit: timedelta = timedelta(seconds=20)) -> None:
        """*limit* bounds how long a transaction is tried again."""
        self.driver = driver
        self._limit = limit.total_seconds()

    @property
    def session(self) -> Session | None:
        """The session of the ambient transaction."""
        attempt = self._current()
        return attempt.session if attempt else None

    async def run(self, operation: Callable[[Session | None], Awaitable[T]]) -> T:
        """Run one operation; what the driver raises is told as an error of ``shared.mongo``."""
        attempt = self._current()
        try:
            if attempt is None:
                return await heeded(operation(None))
            with attempt.step() as session:
                return await settled(operation(session))
        except PyMongoError as fault:
            if attempt is not None and is_transient(fault):
                raise
            raise translated(fault) from None  # the driver's message holds the values that clashed

    def after_commit(self, callback: Callback) -> None:
        """Call *callback* once the outermost transaction has committed; at once when there is none."""
        attempt = self._current()
        if attempt is None:
            callback()
        else:
            attempt.callbacks.append(callback)

    async def transact(self, work: Work[T]) -> T:
        """Run *work*: all its changes are kept, or none."""
        outer = self._current()
        if outer is not None:
            with outer.part():
                return await work()
        return await self._until_done(work)

    async def _until_done(self, work: Work[T]) -> T:
        deadline = monotonic() + self._limit
        for attempt in count():
            try:
                return await self._once(work, deadline)
            except PyMongoError as fault:
                if not is_transient(fault) or monotonic() > deadline:
                    raise translated(fault) from None
            await asyncio.sleep(jitter(min(_LONGEST_PAUSE, 0.005 * 2 ** min(attempt, 10))))
        raise AssertionError("count() does not end")

    async def _once(self, work: Work[T], deadline: float) -> T:
        async with self.driver.session() as session:
            await self.driver.begin(session)
            attempt = _Attempt(self, session)
            try:
                with attempt.ambient():
                    result = await work()
                    attempt.check()
            except BaseException:
                await settled(session.abort_transaction())
                raise
            await self._commit(attempt, deadline)
            return result

    async def _commit(self, attempt: _Attempt, deadline: float) -> None:
        while True:
            commit = asyncio.ensure_future(attempt.session.commit_transaction())
            try:
                return await settled(commit)
            except PyMongoError as fault:
                if not is_commit_unknown(fault) or monotonic() > deadline:
                    raise
            finally:
                # Also when cancelled meanwhile: what was committed has happened, whoever still waits for it.
                if commit.done() and not commit.cancelled() and commit.exception() is None:
                    attempt.call_back()
            await asyncio.sleep(jitter(_LONGEST_PAUSE))

    def _current(self) -> _Attempt | None:
        attempt = _CURRENT.get()
        return attempt if attempt and attempt.owner is self and not attempt.ended else None

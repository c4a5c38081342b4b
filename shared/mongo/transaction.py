"""Ambient transactions: every operation of the context joins, and conflicts are retried."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Protocol, TypeVar

from pymongo.errors import PyMongoError

from shared.backoff import Backoff
from shared.cancellation import finish_before_cancel, reraise_cancel
from shared.clock import monotonic
from shared.mongo.driver import Driver, RawSession
from shared.mongo.errors import (
    DuplicateError,
    TransactionMisuseError,
    is_commit_unknown,
    is_transient,
    translate_error,
)
from shared.mongo.writes import Insert, RawWrite, Write, WriteFailedError

T = TypeVar("T")
TransactionBody = Callable[[], Awaitable[T]]
Callback = Callable[[], None]


class Transact(Protocol):
    """Runs *work* atomically and retries it on a conflict: ``Database.with_transaction``."""

    async def __call__(self, work: Callable[[], Awaitable[T]], /) -> T:
        """Return the result of the committed attempt."""
        ...


_BACKOFF = Backoff(0.005, 0.25)
_COMMIT_BACKOFF = Backoff(0.25, 0.25)


@dataclass(eq=False, slots=True)
class _TransactionAttempt:
    """One attempt at a transaction."""

    owner: "Transactions"
    session: RawSession
    callbacks: list[Callback] = field(default_factory=list)
    busy: bool = False
    failed: bool = False
    ended: bool = False

    @contextmanager
    def run_step(self) -> Iterator[RawSession]:
        """Run one operation; a failure fails the transaction, because MongoDB aborts it on the first error."""
        if self.busy:
            raise TransactionMisuseError("one operation at a time: no gather or create_task inside transact")
        self.check_not_failed()
        self.busy = True
        try:
            with self.run_part():
                yield self.session
        finally:
            self.busy = False

    @contextmanager
    def run_part(self) -> Iterator[None]:
        """Run a nested transaction; a failure fails the outer one too, or half of its effects would remain."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def run_callbacks(self) -> None:
        """Run the callbacks that wait for the commit."""
        for callback in self.callbacks:
            callback()

    def check_not_failed(self) -> None:
        """Raise TransactionMisuseError when an error was caught inside the transaction."""
        if self.failed:
            raise TransactionMisuseError("an error inside transact must leave it: catch it outside and start again")

    @contextmanager
    def make_ambient(self) -> Iterator[None]:
        """Let every database operation of this context join the transaction."""
        token = _CURRENT_ATTEMPT.set(self)
        try:
            yield
        finally:
            _CURRENT_ATTEMPT.reset(token)
            self.ended = True  # a task started inside still sees the context variable


_CURRENT_ATTEMPT: ContextVar[_TransactionAttempt | None] = ContextVar("mongo_transaction", default=None)


class Transactions:
    """Runs the operations of one database, in the ambient transaction when there is one."""

    def __init__(self, driver: Driver, *, retry_timeout: timedelta = timedelta(seconds=20)) -> None:
        """*retry_timeout* limits how long a transaction is retried."""
        self.driver = driver
        self._retry_timeout = retry_timeout.total_seconds()

    @property
    def session(self) -> RawSession | None:
        """The session of the ambient transaction."""
        attempt = self._current_attempt()
        return attempt.session if attempt else None

    async def run_operation(self, operation: Callable[[RawSession | None], Awaitable[T]]) -> T:
        """Run one operation; an error of the driver becomes one of ``shared.mongo``."""
        attempt = self._current_attempt()
        try:
            if attempt is None:
                return await reraise_cancel(operation(None))
            with attempt.run_step() as session:
                return await finish_before_cancel(operation(session))
        except PyMongoError as fault:
            if attempt is not None and is_transient(fault):
                raise
            raise translate_error(fault) from None  # the driver's message contains the conflicting values

    def after_commit(self, callback: Callback) -> None:
        """Call *callback* once the outermost transaction has committed; at once when there is none."""
        attempt = self._current_attempt()
        if attempt is None:
            callback()
        else:
            attempt.callbacks.append(callback)

    async def with_transaction(self, work: TransactionBody[T]) -> T:
        """Run *work* atomically."""
        outer = self._current_attempt()
        if outer is not None:
            with outer.run_part():
                return await work()
        return await self._run_with_retry(work)

    async def commit_writes(self, database: str, writes: Sequence[Write]) -> None:
        """Store *writes* atomically; retried on a conflict, and not inside another transaction."""
        if self._current_attempt() is not None:
            raise TransactionMisuseError("a prepared transaction has a transaction of its own")
        raw = [RawWrite.from_write(write) for write in writes]
        try:
            await self._retry(lambda _: finish_before_cancel(self.driver.commit_writes(database, raw)))
        except WriteFailedError as failed:
            raise _explain_failure(failed, writes[failed.place]) from None

    async def _run_with_retry(self, work: TransactionBody[T]) -> T:
        return await self._retry(lambda deadline: self._run_once(work, deadline))

    async def _retry(self, run: Callable[[float], Awaitable[T]]) -> T:
        deadline = monotonic() + self._retry_timeout
        for attempt in count(1):
            try:
                return await run(deadline)
            except PyMongoError as fault:
                if not is_transient(fault) or monotonic() > deadline:
                    raise translate_error(fault) from None
            except WriteFailedError as failed:
                if failed.fault is None or not is_transient(failed.fault) or monotonic() > deadline:
                    raise
            await asyncio.sleep(_BACKOFF.delay_seconds(attempt))
        raise AssertionError("count() does not end")

    async def _run_once(self, work: TransactionBody[T], deadline: float) -> T:
        async with self.driver.open_session() as session:
            await self.driver.start_transaction(session)
            attempt = _TransactionAttempt(self, session)
            try:
                with attempt.make_ambient():
                    result = await work()
                    attempt.check_not_failed()
            except BaseException:
                await finish_before_cancel(session.abort_transaction())
                raise
            await self._commit(attempt, deadline)
            return result

    async def _commit(self, attempt: _TransactionAttempt, deadline: float) -> None:
        while True:
            commit = asyncio.ensure_future(attempt.session.commit_transaction())
            try:
                return await finish_before_cancel(commit)
            except PyMongoError as fault:
                if not is_commit_unknown(fault) or monotonic() > deadline:
                    raise
            finally:
                # Also when the caller was cancelled during the commit: the changes are committed all the same.
                if commit.done() and not commit.cancelled() and commit.exception() is None:
                    attempt.run_callbacks()
            await asyncio.sleep(_COMMIT_BACKOFF.delay_seconds(1))

    def _current_attempt(self) -> _TransactionAttempt | None:
        attempt = _CURRENT_ATTEMPT.get()
        return attempt if attempt and attempt.owner is self and not attempt.ended else None


def _explain_failure(failed: WriteFailedError, write: Write) -> Exception:
    """Return the error that *write* names for its failure, or that of the database."""
    if failed.fault is None:
        assert not isinstance(write, Insert)
        return write.on_missing()
    error = translate_error(failed.fault)
    if isinstance(error, DuplicateError) and isinstance(write, Insert) and write.on_duplicate is not None:
        return write.on_duplicate()
    return error

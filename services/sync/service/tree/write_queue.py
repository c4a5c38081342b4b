"""Runs reads and writes of trees: the changes of an account in batches, each batch in one transaction.

Changes that wait at the same time are written together, so eight devices cost hardly more than one. Each sees all
earlier changes of its batch; one that is refused leaves the others alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.tree import DETACHED
from services.sync.errors import AccountClosedError, TooManyPendingWritesError, WriteOutcomeUnknownError
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.view import CacheMissError, TreeView
from services.sync.store import TreeStore
from shared.clock import Clock
from shared.errors import ServiceError
from shared.mongo import Database, DuplicateError, StoreUnavailableError, WriteConflictError

T = TypeVar("T")
ViewT = TypeVar("ViewT", bound=TreeView)
ReadCallback = Callable[[TreeView], Awaitable[T]]
"""Reads a tree; it may run again, in a transaction, when the cache does not suffice."""
WriteCallback = Callable[[TreeUnitOfWork], Awaitable[T]]
"""Changes a tree. It may run again, so it has no effect outside the unit of work, and raises ServiceErrors only."""

MAX_BATCH = 32
"""Changes written in one transaction."""
MAX_PENDING = 1000
"""Changes of one account that may wait at the same time."""
BATCH_WINDOW = 0.002
"""Seconds that a batch waits for the clients of the batch before: most send again as soon as they are answered."""
BLOB_GRACE = timedelta(minutes=10)
"""How long an unused blob stays for the requests that are reading it."""
_STORE_ERRORS = (StoreUnavailableError, WriteConflictError, DuplicateError)
_MAX_QUEUES = 10_000


class TreeNotCreatedError(Exception):
    """The account has no tree yet, or no longer."""


@dataclass(eq=False, slots=True)
class PendingWrite(Generic[T]):
    """A change in the queue, and its outcome once it is done."""

    callback: WriteCallback[T]
    outcome: T | ServiceError | None = None
    done: bool = False

    def complete(self, outcome: Any) -> None:
        """Record the outcome."""
        self.outcome, self.done = outcome, True

    def get_result(self) -> T:
        """Return the result of the change, or raise its error."""
        if isinstance(self.outcome, ServiceError):
            raise self.outcome
        return cast("T", self.outcome)


@dataclass(eq=False, slots=True)
class _UsageRead:
    """One read of an account's counters, shared by all requests that arrived before it started."""

    usage: AccountUsage | None = None
    done: bool = False


@dataclass(eq=False, slots=True)
class AccountWriteQueue:
    """The changes of one account that wait to be written."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pending: list[PendingWrite[Any]] = field(default_factory=list)
    last_batch_size: int = 1
    """The number of changes in the last batch."""
    batch_filled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when as many changes wait as were in the last batch."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when no batch is being written: the cache is then as new as what this process has stored."""
    usage_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_usage_read: _UsageRead = field(default_factory=_UsageRead)

    def __post_init__(self) -> None:
        """Start idle."""
        self.idle.set()

    @property
    def is_busy(self) -> bool:
        """Tell whether a read or write of the account is waiting or running."""
        return self.lock.locked() or self.usage_lock.locked() or bool(self.pending)

    def add(self, write: PendingWrite[Any]) -> None:
        """Add a change to the queue."""
        self.pending.append(write)
        if len(self.pending) >= self.last_batch_size:
            self.batch_filled.set()

    def remove_pending(self, write: PendingWrite[Any]) -> None:
        """Remove a change that still waits; one that is being written is not stopped."""
        if write in self.pending:
            self.pending.remove(write)

    async def next_batch(self) -> list[PendingWrite[Any]]:
        """Return the next batch: once it has as many changes as the last one, or after BATCH_WINDOW."""
        if len(self.pending) < self.last_batch_size:
            self.batch_filled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(BATCH_WINDOW):
                    await self.batch_filled.wait()
        batch, self.pending = self.pending[:MAX_BATCH], self.pending[MAX_BATCH:]
        self.last_batch_size = len(batch)
        return batch


class TreeAccess:
    """The only access to the trees: every read and every write of every account goes through it."""

    def __init__(self, db: Database, trees: TreeStore, clock: Clock) -> None:
        self._db, self._trees, self._clock = db, trees, clock
        self._queues: dict[str, AccountWriteQueue] = {}
        self.garbage_added = asyncio.Event()
        """Set when a change leaves something for the garbage collector."""

    async def read(self, account: str, callback: ReadCallback[T]) -> T:
        """Return what *callback* finds in the current tree of *account*."""
        usage = await self._read_usage(account) or await self._create_tree(account)
        if self._trees.caches.is_stale(account, usage.rev):
            # Mostly a batch of this process is stored and about to reach the cache: waiting is cheaper than reading.
            await self._get_queue(account).idle.wait()
        try:
            return await callback(await self._open(TreeView, usage, reads_database=False))
        except CacheMissError:
            return await self._db.with_transaction(lambda: self._read_from_store(account, callback))

    async def write(self, account: str, callback: WriteCallback[T]) -> T:
        """Queue *callback* and return its result once its changes are stored.

        Cancelled in the queue, it never runs. Cancelled while it is written, it is either stored or dropped before
        any later change of the account runs.
        """
        pending = PendingWrite(callback)
        queue = self._get_queue(account)
        if len(queue.pending) >= MAX_PENDING:
            raise TooManyPendingWritesError
        queue.add(pending)
        try:
            async with queue.lock:
                # The first request in the lock writes for those behind it, so this change is mostly done by now.
                while not pending.done:
                    await self._serve_batch(account, await queue.next_batch())
        except BaseException:
            queue.remove_pending(pending)
            raise
        return pending.get_result()

    async def _read_usage(self, account: str) -> AccountUsage | None:
        """Return the current counters, read after this call started; concurrent calls share one query."""
        queue = self._get_queue(account)
        usage_read = queue.next_usage_read
        async with queue.usage_lock:
            if not usage_read.done:
                queue.next_usage_read = _UsageRead()
                usage_read.usage = await self._trees.usages.get(account)
                usage_read.done = True
        return usage_read.usage

    def _get_queue(self, account: str) -> AccountWriteQueue:
        if len(self._queues) > _MAX_QUEUES:
            self._queues = {name: queue for name, queue in self._queues.items() if queue.is_busy}
        return self._queues.setdefault(account, AccountWriteQueue())

    async def _serve_batch(self, account: str, batch: list[PendingWrite[Any]]) -> None:
        idle = self._get_queue(account).idle
        idle.clear()
        try:
            outcomes = await self._write_batch(account, batch)
        except ServiceError as fault:
            outcomes = [fault] * len(batch)
        finally:
            idle.set()
            # After a cancellation or an unexpected error no other change of the batch may be left waiting.
            for each in batch:
                each.complete(WriteOutcomeUnknownError())
        for each, outcome in zip(batch, outcomes, strict=True):
            each.complete(outcome)

    async def _write_batch(self, account: str, batch: list[PendingWrite[Any]]) -> list[Any]:
        try:
            uow, outcomes = await self._db.with_transaction(lambda: self._try_batch(account, batch))
        except TreeNotCreatedError:
            await self._create_tree(account)
            return await self._write_batch(account, batch)
        except BaseException:
            self._trees.caches.invalidate(account)
            raise
        self._advance_cache(account, uow)
        return outcomes

    async def _try_batch(self, account: str, batch: list[PendingWrite[Any]]) -> tuple[TreeUnitOfWork, list[Any]]:
        uow, outcomes = await self._load(TreeUnitOfWork, account), []
        for each in batch:
            uow, outcome = await self._apply_one(uow, each.callback)
            outcomes.append(outcome)
        uow.recount_locks()
        if uow.revisions_added:
            delete_after = uow.at + BLOB_GRACE
            await self._trees.write_changes(uow.cipher, uow.usage, uow.changes, at=uow.at, delete_after=delete_after)
        return uow, outcomes

    async def _apply_one(
        self, uow: TreeUnitOfWork, callback: WriteCallback[T]
    ) -> tuple[TreeUnitOfWork, T | ServiceError]:
        trial = uow.copy()
        try:
            return trial, await callback(trial)
        except _STORE_ERRORS:
            raise
        except ServiceError as refusal:
            return uow, refusal

    def _advance_cache(self, account: str, uow: TreeUnitOfWork) -> None:
        """Advance the cache to the state that was just stored."""
        if not uow.revisions_added:
            return
        if any(node.parent == DETACHED for node in uow.changes.nodes.values()) or uow.changes.completed_uploads:
            self.garbage_added.set()
        cache = uow.cache
        if cache.rev == uow.base_rev:
            changes = uow.changes
            cache.advance(uow.usage.rev, changes.cache_changes(), new_folders=changes.new_folders)
        else:
            self._trees.caches.invalidate(account)

    async def _read_from_store(self, account: str, callback: ReadCallback[T]) -> T:
        return await callback(await self._load(TreeView, account))

    async def _load(self, kind: type[ViewT], account: str) -> ViewT:
        usage = await self._trees.usages.get(account)
        if usage is None:
            raise TreeNotCreatedError
        return await self._open(kind, usage, reads_database=True)

    async def _open(self, kind: type[ViewT], usage: AccountUsage, *, reads_database: bool) -> ViewT:
        cipher = await self._trees.get_cipher(usage.account)
        cache = self._trees.get_cache(usage)
        return kind(
            trees=self._trees,
            cipher=cipher,
            usage=usage,
            cache=cache,
            at=self._clock(),
            reads_database=reads_database,
        )

    async def _create_tree(self, account: str) -> AccountUsage:
        """Create the tree of an account that has none."""
        at: datetime = self._clock()
        try:
            return await self._db.with_transaction(lambda: self._trees.create(account, at=at))
        except DuplicateError:
            usage = await self._trees.usages.get(account)
            if usage is None:
                raise AccountClosedError from None
            return usage

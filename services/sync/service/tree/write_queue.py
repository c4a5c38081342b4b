"""Looks at trees and changes them: each account one batch of changes after the other, each batch one transaction.

Requests that wait for their turn are written together: eight devices cost hardly more than one, and none sees half of
what another one does. A change that is refused leaves the others of its batch alone.
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
"""Changes of one account that may wait for their turn."""
BATCH_WINDOW = 0.002
"""Seconds that a batch waits for those who were in the one before: they mostly come again as soon as it is answered."""
BLOB_GRACE = timedelta(minutes=10)
"""How long a blob that nobody uses any more is still there for those who are reading it."""
_STORE_ERRORS = (StoreUnavailableError, WriteConflictError, DuplicateError)
_MAX_QUEUES = 10_000


class TreeNotCreatedError(Exception):
    """The account has no tree yet, or no more."""


@dataclass(eq=False, slots=True)
class PendingWrite(Generic[T]):
    """A change that waits for its turn, and then what came of it."""

    callback: WriteCallback[T]
    outcome: T | ServiceError | None = None
    done: bool = False

    def complete(self, outcome: Any) -> None:
        """Note what came of it."""
        self.outcome, self.done = outcome, True

    def get_result(self) -> T:
        """Return what came of it, or raise it."""
        if isinstance(self.outcome, ServiceError):
            raise self.outcome
        return cast("T", self.outcome)


@dataclass(eq=False, slots=True)
class _UsageRead:
    """One reading of an account's counters, shared by all who came before it began."""

    usage: AccountUsage | None = None
    done: bool = False


@dataclass(eq=False, slots=True)
class AccountWriteQueue:
    """Who waits for one account."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pending: list[PendingWrite[Any]] = field(default_factory=list)
    last_batch_size: int = 1
    """How many changes the last batch held."""
    batch_filled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when as many wait again."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing is being written: what is in memory is as this process has stored it."""
    usage_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_usage_read: _UsageRead = field(default_factory=_UsageRead)

    def __post_init__(self) -> None:
        """Begin with nothing to write."""
        self.idle.set()

    @property
    def is_busy(self) -> bool:
        """Tell whether somebody waits or works."""
        return self.lock.locked() or self.usage_lock.locked() or bool(self.pending)

    def add(self, write: PendingWrite[Any]) -> None:
        """Let *one* wait."""
        self.pending.append(write)
        if len(self.pending) >= self.last_batch_size:
            self.batch_filled.set()

    def remove_pending(self, write: PendingWrite[Any]) -> None:
        """Let *one* wait no more; what is being written already is not stopped."""
        if write in self.pending:
            self.pending.remove(write)

    async def next_batch(self) -> list[PendingWrite[Any]]:
        """Return the next batch, once as many wait as were in the last one, or have had the time to come."""
        if len(self.pending) < self.last_batch_size:
            self.batch_filled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(BATCH_WINDOW):
                    await self.batch_filled.wait()
        batch, self.pending = self.pending[:MAX_BATCH], self.pending[MAX_BATCH:]
        self.last_batch_size = len(batch)
        return batch


class TreeAccess:
    """The only way to the trees."""

    def __init__(self, db: Database, trees: TreeStore, clock: Clock) -> None:
        self._db, self._trees, self._clock = db, trees, clock
        self._queues: dict[str, AccountWriteQueue] = {}
        self.garbage_added = asyncio.Event()
        """Set when something was taken out of a tree of which more than itself is to be cleared away."""

    async def read(self, account: str, callback: ReadCallback[T]) -> T:
        """Return what *callback* finds in the current tree of *account*."""
        usage = await self._read_usage(account) or await self._create_tree(account)
        if self._trees.caches.is_stale(account, usage.rev):
            # Mostly by a batch of this process that is stored and will be in memory at once: no need to read it.
            await self._get_queue(account).idle.wait()
        try:
            return await callback(await self._open(TreeView, usage, reads_database=False))
        except CacheMissError:
            return await self._db.with_transaction(lambda: self._read_from_store(account, callback))

    async def write(self, account: str, callback: WriteCallback[T]) -> T:
        """Let *change* have its turn and return its result once it is stored.

        Cancelled before its turn, it is never made; cancelled during it, it is over, one way or the other, before any
        later change of the account.
        """
        pending = PendingWrite(callback)
        queue = self._get_queue(account)
        if len(queue.pending) >= MAX_PENDING:
            raise TooManyPendingWritesError
        queue.add(pending)
        try:
            async with queue.lock:
                # Whoever comes first serves those behind; mostly one's own turn was had while waiting.
                while not pending.done:
                    await self._serve_batch(account, await queue.next_batch())
        except BaseException:
            queue.remove_pending(pending)
            raise
        return pending.get_result()

    async def _read_usage(self, account: str) -> AccountUsage | None:
        """Return the counters as they are now: read after this was called, and once for all who wait."""
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
            # Cancelled or failed in an unforeseen way: whoever else was in the batch is told, and not left waiting.
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
        """Bring what is in memory to the state that was just stored."""
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
        """Make the space of an account that has none yet."""
        at: datetime = self._clock()
        try:
            return await self._db.with_transaction(lambda: self._trees.create(account, at=at))
        except DuplicateError:
            usage = await self._trees.usages.get(account)
            if usage is None:
                raise AccountClosedError from None
            return usage

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

from services.sync.domain.space import Space
from services.sync.domain.tree import DETACHED
from services.sync.errors import AccountClosedError, CrowdedError, TurnLostError
from services.sync.service.draft import Draft, NotOnShelfError
from services.sync.store import Trees
from shared.clock import Clock
from shared.errors import ServiceError
from shared.mongo import ContentionError, Database, DuplicateError, StoreUnavailableError

T = TypeVar("T")
Change = Callable[[Draft], Awaitable[T]]
"""Looks at a draft and changes it; it may be run again, and raises ServiceErrors only."""

MOST = 32
"""Changes written in one transaction."""
MOST_WAITING = 1000
"""Changes of one account that may wait for their turn."""
LINGER = 0.002
"""Seconds that a batch waits for those who were in the one before: they mostly come again as soon as it is answered."""
READERS_GRACE = timedelta(minutes=10)
"""How long a blob that nobody uses any more is still there for those who are reading it."""
_STORE_FAULTS = (StoreUnavailableError, ContentionError, DuplicateError)
_WAITERS_KEPT = 10_000


class NoSpaceError(Exception):
    """The account has no tree yet, or no more."""


@dataclass(eq=False, slots=True)
class Waiting(Generic[T]):
    """A change that waits for its turn, and then what came of it."""

    change: Change[T]
    outcome: T | ServiceError | None = None
    done: bool = False

    def settle(self, outcome: Any) -> None:
        """Note what came of it."""
        self.outcome, self.done = outcome, True

    def result(self) -> T:
        """Return what came of it, or raise it."""
        if isinstance(self.outcome, ServiceError):
            raise self.outcome
        return cast("T", self.outcome)


@dataclass(eq=False, slots=True)
class _Glance:
    """One reading of an account's counters, shared by all who came before it began."""

    space: Space | None = None
    done: bool = False


@dataclass(eq=False, slots=True)
class Queue:
    """Who waits for one account."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[Waiting[Any]] = field(default_factory=list)
    as_many: int = 1
    """How many changes the last batch held."""
    full: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when as many wait again."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing is being written: what is in memory is as this process has stored it."""
    glancing: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_glance: _Glance = field(default_factory=_Glance)

    def __post_init__(self) -> None:
        """Begin with nothing to write."""
        self.idle.set()

    @property
    def busy(self) -> bool:
        """Tell whether somebody waits or works."""
        return self.lock.locked() or self.glancing.locked() or bool(self.waiting)

    def add(self, one: Waiting[Any]) -> None:
        """Let *one* wait."""
        self.waiting.append(one)
        if len(self.waiting) >= self.as_many:
            self.full.set()

    def leave(self, one: Waiting[Any]) -> None:
        """Let *one* wait no more; what is being written already is not stopped."""
        if one in self.waiting:
            self.waiting.remove(one)

    async def batch(self) -> list[Waiting[Any]]:
        """Return the next batch, once as many wait as were in the last one, or have had the time to come."""
        if len(self.waiting) < self.as_many:
            self.full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self.full.wait()
        batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
        self.as_many = len(batch)
        return batch


class Turns:
    """The only way to the trees."""

    def __init__(self, db: Database, trees: Trees, clock: Clock) -> None:
        self._db, self._trees, self._clock = db, trees, clock
        self._queues: dict[str, Queue] = {}
        self.discarded = asyncio.Event()
        """Set when something was taken out of a tree of which more than itself is to be cleared away."""

    async def look(self, account: str, read: Change[T]) -> T:
        """Return what *read* finds in the tree of *account* as it is now; the draft's changes are not kept."""
        space = await self._glance(account) or await self._opened(account)
        if self._trees.shelves.is_behind(account, space.rev):
            # Mostly by a batch of this process that is stored and will be in memory at once: no need to read it.
            await self._queue(account).idle.wait()
        try:
            return await read(await self._draft(space, reads_database=False))
        except NotOnShelfError:
            return await self._db.transact(lambda: self._read_stored(account, read))

    async def change(self, account: str, change: Change[T]) -> T:
        """Let *change* have its turn and return its result once it is stored.

        Cancelled before its turn, it is never made; cancelled during it, it is over, one way or the other, before any
        later change of the account.
        """
        mine = Waiting(change)
        queue = self._queue(account)
        if len(queue.waiting) >= MOST_WAITING:
            raise CrowdedError
        queue.add(mine)
        try:
            async with queue.lock:
                # Whoever comes first serves those behind; mostly one's own turn was had while waiting.
                while not mine.done:
                    await self._serve(account, await queue.batch())
        except BaseException:
            queue.leave(mine)
            raise
        return mine.result()

    async def _glance(self, account: str) -> Space | None:
        """Return the counters as they are now: read after this was called, and once for all who wait."""
        queue = self._queue(account)
        glance = queue.next_glance
        async with queue.glancing:
            if not glance.done:
                queue.next_glance = _Glance()
                glance.space = await self._trees.spaces.get(account)
                glance.done = True
        return glance.space

    def _queue(self, account: str) -> Queue:
        if len(self._queues) > _WAITERS_KEPT:
            self._queues = {name: queue for name, queue in self._queues.items() if queue.busy}
        return self._queues.setdefault(account, Queue())

    async def _serve(self, account: str, batch: list[Waiting[Any]]) -> None:
        idle = self._queue(account).idle
        idle.clear()
        try:
            outcomes = await self._written(account, batch)
        except ServiceError as fault:
            outcomes = [fault] * len(batch)
        finally:
            idle.set()
            # Cancelled or failed in an unforeseen way: whoever else was in the batch is told, and not left waiting.
            for each in batch:
                each.settle(TurnLostError())
        for each, outcome in zip(batch, outcomes, strict=True):
            each.settle(outcome)

    async def _written(self, account: str, batch: list[Waiting[Any]]) -> list[Any]:
        try:
            draft, outcomes = await self._db.transact(lambda: self._attempt(account, batch))
        except NoSpaceError:
            await self._opened(account)
            return await self._written(account, batch)
        except BaseException:
            self._trees.shelves.drop(account)
            raise
        self._follow(account, draft)
        return outcomes

    async def _attempt(self, account: str, batch: list[Waiting[Any]]) -> tuple[Draft, list[Any]]:
        draft, outcomes = await self._stored_draft(account), []
        for each in batch:
            draft, outcome = await self._one(draft, each.change)
            outcomes.append(outcome)
        draft.recount_locks()
        if draft.steps:
            doomed_at = draft.at + READERS_GRACE
            await self._trees.write(draft.seal, draft.space, draft.changes, at=draft.at, doomed_at=doomed_at)
        return draft, outcomes

    async def _one(self, draft: Draft, change: Change[T]) -> tuple[Draft, T | ServiceError]:
        trial = draft.fork()
        try:
            return trial, await change(trial)
        except _STORE_FAULTS:
            raise
        except ServiceError as refusal:
            return draft, refusal

    def _follow(self, account: str, draft: Draft) -> None:
        """Bring what is in memory to the state that was just stored."""
        if not draft.steps:
            return
        if any(node.parent == DETACHED for node in draft.changes.nodes.values()) or draft.changes.settled:
            self.discarded.set()
        shelf = draft.shelf
        if shelf.rev == draft.base_rev:
            changes = draft.changes
            shelf.follow(draft.space.rev, changes.of_shelf(), new_folders=changes.new_folders)
        else:
            self._trees.shelves.drop(account)

    async def _read_stored(self, account: str, read: Change[T]) -> T:
        return await read(await self._stored_draft(account))

    async def _stored_draft(self, account: str) -> Draft:
        space = await self._trees.spaces.get(account)
        if space is None:
            raise NoSpaceError
        return await self._draft(space, reads_database=True)

    async def _draft(self, space: Space, *, reads_database: bool) -> Draft:
        seal = await self._trees.seal_of(space.account)
        shelf = self._trees.shelf(space)
        return Draft(
            trees=self._trees,
            seal=seal,
            space=space,
            shelf=shelf,
            at=self._clock(),
            reads_database=reads_database,
        )

    async def _opened(self, account: str) -> Space:
        """Make the space of an account that has none yet."""
        at: datetime = self._clock()
        try:
            return await self._db.transact(lambda: self._trees.open(account, at=at))
        except DuplicateError:
            space = await self._trees.spaces.get(account)
            if space is None:
                raise AccountClosedError from None
            return space

"""Group commit: events that wait at the same time share one transaction, because each commit waits for the disk.

A single event is handled at once, in its own transaction. When a group fails, its events are retried one by one, so
that a failing event does not fail the others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from shared.bus.inbox import AlreadyHandledError, Inbox
from shared.mongo import Database, StoreUnavailableError

MAX_GROUP_SIZE: Final = 16
"""Events in one transaction."""
MAX_CONCURRENT_COMMITS: Final = 4
"""Concurrent transactions: one that waits for the disk or for a slow handler does not block the others."""


@dataclass(frozen=True, slots=True, eq=False)
class _PendingEffect:
    message_id: str
    run: Callable[[], Awaitable[None]]
    done: asyncio.Future[None]

    def resolve(self, fault: BaseException | None) -> None:
        """Report the result to the waiter, unless it was cancelled."""
        if self.done.done():
            return
        if fault is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(fault)


class GroupCommit:
    """Handles each event of one queue once."""

    def __init__(self, db: Database, inbox: Inbox) -> None:
        self._db, self._inbox = db, inbox
        self._pending: list[_PendingEffect] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def apply(self, message_id: str, run: Callable[[], Awaitable[None]]) -> None:
        """Commit the writes of *run* together with the inbox record; AlreadyHandledError for a duplicate event."""
        one = _PendingEffect(message_id, run, asyncio.get_running_loop().create_future())
        self._pending.append(one)
        if len(self._workers) < MAX_CONCURRENT_COMMITS:
            worker = asyncio.create_task(self._run_worker())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        await one.done

    async def close(self) -> None:
        """Cancel the workers; unfinished transactions are aborted."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _run_worker(self) -> None:
        while self._pending:
            group, self._pending = self._pending[:MAX_GROUP_SIZE], self._pending[MAX_GROUP_SIZE:]
            await self._commit(group)

    async def _commit(self, group: list[_PendingEffect]) -> None:
        new = await self._try_commit(group)
        if isinstance(new, set):
            for one in group:
                one.resolve(None if one.message_id in new else AlreadyHandledError(one.message_id))
        elif isinstance(new, StoreUnavailableError) or len(group) == 1:
            for one in group:
                one.resolve(new)
        else:
            for one in group:
                await self._commit([one])

    async def _try_commit(self, group: list[_PendingEffect]) -> set[str] | BaseException:
        """Handle *group* in one transaction; return the ids of new events, or the exception that aborted it."""

        async def work() -> set[str]:
            # After a lost connection the same event may be in the group twice.
            first = {one.message_id: one for one in group}
            new = await self._inbox.mark_handled(first)
            for message_id, one in first.items():
                if message_id in new:
                    await one.run()
            return new

        # gather instead of except: any exception of a handler is passed to the consumer loop, which fails the message.
        [outcome] = await asyncio.gather(self._db.with_transaction(work), return_exceptions=True)
        return outcome

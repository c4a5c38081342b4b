"""Group commit: facts that wait at the same time share one transaction, because each commit waits for the disk.

A fact that comes alone is handled at once, in a transaction of its own. One that fails is tried again by itself, so
that it costs the others nothing but time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from shared.bus.inbox import AlreadyHandledError, Inbox
from shared.mongo import Database, StoreUnavailableError

MAX_GROUP_SIZE: Final = 16
"""Facts in one transaction."""
MAX_CONCURRENT_COMMITS: Final = 4
"""Transactions at once: while one waits for the disk, or for a slow handler, the others work."""


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
    """Handles the facts of one queue, each once."""

    def __init__(self, db: Database, inbox: Inbox) -> None:
        self._db, self._inbox = db, inbox
        self._pending: list[_PendingEffect] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def apply(self, message_id: str, run: Callable[[], Awaitable[None]]) -> None:
        """Commit what *run* does together with the mark of the fact; AlreadyHandledError when it was handled before."""
        one = _PendingEffect(message_id, run, asyncio.get_running_loop().create_future())
        self._pending.append(one)
        if len(self._workers) < MAX_CONCURRENT_COMMITS:
            worker = asyncio.create_task(self._run_worker())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        await one.done

    async def close(self) -> None:
        """Let go of what is still at work."""
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
        """Handle *group* in one transaction; return which facts were new, or what went wrong and undid all."""

        async def work() -> set[str]:
            first = {one.message_id: one for one in group}  # a fact may be in hand twice, after a lost connection
            new = await self._inbox.mark_handled(first)
            for message_id, one in first.items():
                if message_id in new:
                    await one.run()
            return new

        # Gathered, not caught: whatever a handler raises is its message's fate, and the consumer loop decides it.
        [outcome] = await asyncio.gather(self._db.with_transaction(work), return_exceptions=True)
        return outcome

"""Does the restores that were asked for: some at once, of each account one after the other.

Whatever stops a worker, the next one goes on: see ``returning``.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.sync.domain.restores import MOST_FRUITLESS, Failure, Restore, RestoreState
from services.sync.errors import RestoreGivenUpError, UploadBrokenError
from services.sync.service.returning import Returning, SupersededError
from services.sync.store import RestoreRows, Seal, Trees
from services.sync.store.restores import Unfinished, ended
from shared import observe
from shared.clock import Clock
from shared.errors import ServiceError, UnavailableError
from shared.ids import jitter
from shared.mongo import DuplicateError

log = observe.logger(__name__)
LOOK_EVERY: Final = 2.0
"""Seconds between two looks for restores that were asked for elsewhere."""
MOST_AT_ONCE: Final = 4
_LOOKED_AT: Final = 200
_PAUSE: Final = 5.0
_PASSING = (UnavailableError, DuplicateError, UploadBrokenError)
"""What is over the next time; a duplicate is what another worker brought back a moment before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreJobs:
    """Does restores."""

    rows: RestoreRows
    trees: Trees
    returning: Returning
    clock: Clock
    called: asyncio.Event

    async def run(self) -> None:
        """Do what is asked for, for ever."""
        async with asyncio.TaskGroup() as group:
            busy: dict[str, asyncio.Task[None]] = {}
            while True:
                self.called.clear()
                busy = {account: task for account, task in busy.items() if not task.done()}
                for one in await self.rows.unfinished(limit=_LOOKED_AT):
                    if len(busy) < MOST_AT_ONCE and one.account not in busy:
                        busy[one.account] = group.create_task(self._one(one), name=f"restore-{one.restore}")
                await self._next_call()

    async def _next_call(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self.called.wait()
        except TimeoutError:
            return

    async def _one(self, one: Unfinished) -> None:
        if not await self.attempt(one):
            await asyncio.sleep(jitter(_PAUSE))
        self.called.set()

    async def attempt(self, one: Unfinished) -> bool:
        """Take a restore up and do what is left of it; False when it is to be tried again after a while."""
        try:
            seal = await self.trees.keys.of(one.account)
            restore = None if seal is None else await self.rows.claim(seal, one.restore, at=self.clock())
            if seal is None or restore is None:
                return seal is not None  # without a key it is the erasure's
            failure = await self._done(restore, seal)
        except _PASSING as fault:
            log.warning("restore.postponed", restore_id=one.restore, code=fault.code)
            return False
        except SupersededError:
            return True
        state = RestoreState.DONE if failure is None else RestoreState.FAILED
        if await self.rows.note(restore, ended(state, failure, at=self.clock())):
            why = {"code": failure.code} if failure else {}
            log.info("restore.ended", restore_id=one.restore, state=state.value, **why)
        return True

    async def _done(self, restore: Restore, seal: Seal) -> Failure | None:
        """Bring back what is left; return why it ended early, if it did."""
        try:
            if restore.fruitless > MOST_FRUITLESS:
                raise RestoreGivenUpError
            await self.returning.bring_back(restore, seal)
        except _PASSING:
            raise
        except ServiceError as fault:
            return Failure(code=fault.code, detail=fault.detail, remedy=fault.remedy)
        return None

"""Runs pending restores: several accounts at a time, one restore of an account after the other.

A restore whose worker died is claimed again and continued: see ``executor``.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.sync.domain.restores import MAX_ATTEMPTS_WITHOUT_PROGRESS, Restore, RestoreFailure, RestoreState
from services.sync.errors import IncompleteUploadError, RestoreAbandonedError
from services.sync.service.restore.executor import RestoreExecutor, RestoreSupersededError
from services.sync.store import AccountCipher, Restores, TreeStore
from services.sync.store.restores import UnfinishedRestore, end_update
from shared import observe
from shared.clock import Clock
from shared.errors import ServiceError, UnavailableError
from shared.ids import jitter
from shared.mongo import DuplicateError

log = observe.get_logger(__name__)
POLL_INTERVAL: Final = 2.0
"""Poll interval in seconds for restores that were requested elsewhere."""
MAX_CONCURRENT_RESTORES: Final = 4
_BATCH_SIZE: Final = 200
_RETRY_DELAY: Final = 5.0
_TRANSIENT_ERRORS = (UnavailableError, DuplicateError, IncompleteUploadError)
"""Errors after which a retry helps; a duplicate is what another worker has just created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWorker:
    """Runs restores."""

    repository: Restores
    trees: TreeStore
    executor: RestoreExecutor
    clock: Clock
    wakeup: asyncio.Event

    async def run(self) -> None:
        """Run pending restores until cancelled."""
        async with asyncio.TaskGroup() as group:
            busy: dict[str, asyncio.Task[None]] = {}
            while True:
                self.wakeup.clear()
                busy = {account: task for account, task in busy.items() if not task.done()}
                for one in await self.repository.list_unfinished(limit=_BATCH_SIZE):
                    if len(busy) < MAX_CONCURRENT_RESTORES and one.account not in busy:
                        busy[one.account] = group.create_task(self._run_one(one), name=f"restore-{one.restore}")
                await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL):
                await self.wakeup.wait()
        except TimeoutError:
            return

    async def _run_one(self, unfinished: UnfinishedRestore) -> None:
        if not await self.run_attempt(unfinished):
            await asyncio.sleep(jitter(_RETRY_DELAY))
        self.wakeup.set()

    async def run_attempt(self, unfinished: UnfinishedRestore) -> bool:
        """Claim a restore and run what is left of it; False when it is to be retried after a while."""
        try:
            cipher = await self.trees.keys.get_cipher(unfinished.account)
            restore = (
                None if cipher is None else await self.repository.claim(cipher, unfinished.restore, at=self.clock())
            )
            if cipher is None or restore is None:
                return cipher is not None  # without a key the erasure deletes the restore
            failure = await self._execute_restore(restore, cipher)
        except _TRANSIENT_ERRORS as fault:
            log.warning("restore.postponed", restore_id=unfinished.restore, code=fault.code)
            return False
        except RestoreSupersededError:
            return True
        state = RestoreState.SUCCEEDED if failure is None else RestoreState.FAILED
        if await self.repository.update_claimed(restore, end_update(state, failure, at=self.clock())):
            why = {"code": failure.code} if failure else {}
            log.info("restore.ended", restore_id=unfinished.restore, state=state.value, **why)
        return True

    async def _execute_restore(self, restore: Restore, cipher: AccountCipher) -> RestoreFailure | None:
        """Run the restore; return the failure that ended it, if any."""
        try:
            if restore.attempts_without_progress > MAX_ATTEMPTS_WITHOUT_PROGRESS:
                raise RestoreAbandonedError
            await self.executor.execute(restore, cipher)
        except _TRANSIENT_ERRORS:
            raise
        except ServiceError as fault:
            return RestoreFailure(code=fault.code, detail=fault.detail, remedy=fault.remedy)
        return None

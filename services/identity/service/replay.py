"""Replays the erasure ledger: what a backup has brought back of an erased account is erased again (C31)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.service.erasures import ErasureSaga
from services.identity.store import ErasureLedger, Remains
from shared import observe

log = observe.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Run at each start, as a restore comes with one, and now and then after that."""

    ledger: ErasureLedger
    remains: Remains
    saga: ErasureSaga

    async def run(self, *, at: datetime) -> int:
        """Erase again whatever has come back, here and in every other service; return of how many accounts."""
        back = await self.ledger.erased(await self.remains.subjects())
        for account_id in back:
            await self.saga.again(account_id, at=at)
        if back:
            log.error("erasure.came_back", accounts=len(back))
        return len(back)

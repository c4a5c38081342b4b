"""Replays the erasure ledger: an erased account that a restore brought back is erased again (C31)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.store import ErasureLedger, ResidualData
from shared import observe

log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReplayer:
    """Runs at each start, since a restore comes with one, and at intervals."""

    ledger: ErasureLedger
    residual_data: ResidualData
    erasure_saga: ErasureSaga

    async def run(self, *, at: datetime) -> int:
        """Erase reappeared accounts here and in every service; return their number."""
        reappeared = await self.ledger.filter_erased(await self.residual_data.list_subjects())
        for account_id in reappeared:
            await self.erasure_saga.rerun_erasure(account_id, at=at)
        if reappeared:
            log.error("erasure.reappeared", accounts=len(reappeared))
        return len(reappeared)

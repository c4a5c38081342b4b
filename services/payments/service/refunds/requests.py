"""Ends refund requests that are not decided: the customer withdraws one, or time does."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain import Refund, RefundState
from services.payments.domain.refunds import CUSTOMER, REQUEST_TTL
from services.payments.errors import RefundNotFoundError, RefundNotOpenError
from services.payments.service.refunds.events import publish_rejection
from services.payments.store import Refunds
from shared import observe
from shared.bus import Outbox
from shared.mongo import Transact

log = observe.get_logger(__name__)

BATCH_SIZE = 200
EXPIRED = f"It was not decided within {REQUEST_TTL.days} days."
"""What a customer reads in place of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequests:
    """Withdraws and expires requests. Nothing is reserved for a request, so no amount moves."""

    refunds: Refunds
    outbox: Outbox
    transact: Transact

    async def withdraw_request(self, account_id: str, charge_id: str, refund_id: str, *, at: datetime) -> Refund:
        """Withdraw a request of this account. Twice is once.

        Raises RefundNotFoundError, also for a refund that staff started, and RefundNotOpenError for a decided one.
        """
        refund = await self._get(account_id, charge_id, refund_id)
        if refund.state is RefundState.WITHDRAWN:
            return refund
        if not await self.refunds.end_request(refund_id, RefundState.WITHDRAWN, at=at):
            raise RefundNotOpenError
        log.info("refund.withdrawn", refund_id=refund_id, charge_id=charge_id)
        return await self._get(account_id, charge_id, refund_id)

    async def expire_due(self, *, at: datetime) -> int:
        """Expire the requests that were not decided in time, and tell the customers who asked; return how many."""
        expired = 0
        while found := await self.refunds.list_requested_before(at - REQUEST_TTL, limit=BATCH_SIZE):
            for refund in found:
                expired += await self.transact(lambda refund=refund: self._expire(refund, at))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        return expired

    async def _expire(self, refund: Refund, at: datetime) -> bool:
        if not await self.refunds.end_request(refund.refund_id, RefundState.EXPIRED, at=at, reason=EXPIRED):
            return False  # decided in between
        if refund.requested_by == CUSTOMER and refund.account_id:
            await publish_rejection(self.outbox, refund, at=at)
        log.warning("refund.expired", refund_id=refund.refund_id, charge_id=refund.charge_id)
        return True

    async def _get(self, account_id: str, charge_id: str, refund_id: str) -> Refund:
        refund = await self.refunds.get(refund_id)
        is_own = refund is not None and (refund.account_id, refund.requested_by) == (account_id, CUSTOMER)
        if refund is None or not is_own or refund.charge_id != charge_id:
            raise RefundNotFoundError
        return refund

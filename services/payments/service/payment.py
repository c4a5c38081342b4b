"""What refunds do: stored as pending, asked of the processor, completed.

A payment is stored before the processor is asked. A process that dies in between loses nothing: the next try with the
same Idempotency-Key, or the reconciliation, asks again under the same payment id, which has its effect only once.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from services.payments.domain import IDEMPOTENCY_TTL, idempotency_marks
from services.payments.errors import CardDeclinedError, PaymentPendingError
from services.payments.ports import Processor, ProcessorClosedError, ProcessorTimeoutError
from shared import observe
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact

log = observe.get_logger(__name__)

T = TypeVar("T")
P = TypeVar("P")

BATCH_SIZE = 200
RETRY_AFTER_SECONDS = 30


class ProcessorOutcome(StrEnum):
    """The answer of the processor."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"


def outcome_counter(name: str, documentation: str) -> observe.Counter:
    """Return a counter by ``outcome``, with every outcome at 0: a rate misses the first increment of a new series."""
    counter = observe.counter(name, documentation, ("outcome",))
    for outcome in (*ProcessorOutcome, "timeout"):
        counter.labels(outcome)
    return counter


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentService(ABC, Generic[P]):
    """Creates and reconciles payments of one kind; *P* is what is needed to ask the processor about one."""

    kind: ClassVar[str]
    """The name of the kind in log lines and messages."""
    outcomes: ClassVar[observe.Counter]
    """Counts each answer of the processor, or its silence, by ``outcome``: succeeded, declined, timeout."""

    processor: Processor
    outbox: Outbox
    transact: Transact
    new_id: NewId
    reconcile_after: timedelta
    """How long after a timeout the processor is asked again."""

    async def reconcile_pending(self, *, at: datetime) -> int:
        """Ask the processor again about the payments that are due; return how many it completed."""
        completed = 0
        for payment in await self._list_pending(at=at, limit=BATCH_SIZE):
            try:
                await self._complete(payment, at)
            except PaymentPendingError:
                continue
            except CardDeclinedError:
                completed += 1
            else:
                completed += 1
        return completed

    async def _execute(self, create: Callable[[], Awaitable[P]], *, idempotency_key: str, at: datetime) -> P:
        """Return the payment of *idempotency_key*, completed; *create* stores it as pending when there is none.

        Raises CardDeclinedError, also for an earlier decline, and PaymentPendingError when the processor times out.
        """
        payment = await self._get_or_create(create, idempotency_key, at)
        outcome = self._get_outcome(payment)
        if outcome is ProcessorOutcome.DECLINED:
            raise CardDeclinedError
        return payment if outcome is ProcessorOutcome.SUCCEEDED else await self._complete(payment, at)

    async def _get_or_create(self, create: Callable[[], Awaitable[P]], idempotency_key: str, at: datetime) -> P:
        while True:
            earlier = await self._find_earlier(idempotency_marks(idempotency_key, at), since=at - IDEMPOTENCY_TTL)
            if earlier is not None:
                return earlier
            # A duplicate means that another try of the same request was quicker: the next round finds its payment.
            with suppress(DuplicateError):
                return await create()

    async def _complete(self, payment: P, at: datetime) -> P:
        """Ask the processor and record its answer; the payment's own id makes asking twice harmless."""
        ids = self._get_ids(payment)
        try:
            outcome = await self._ask_processor(payment)
        except (ProcessorTimeoutError, ProcessorClosedError):
            await self._schedule_retry(payment, at + self.reconcile_after)
            self.outcomes.labels("timeout").inc()
            log.warning("payment.timeout", kind=self.kind, **ids)
            message = f"{self.kind} {ids[f'{self.kind}_id']} is pending"
            raise PaymentPendingError(message, retry_after=RETRY_AFTER_SECONDS) from None
        if await self.transact(lambda: self._record_outcome(payment, outcome, at)):
            # Only the try that recorded the outcome counts it: two tries at once would count one payment twice.
            self.outcomes.labels(outcome.value).inc()
            log.info("payment.completed", kind=self.kind, outcome=outcome.value, **ids)
        if outcome is ProcessorOutcome.DECLINED:
            raise CardDeclinedError
        return self._with_outcome(payment, outcome)

    @abstractmethod
    def _get_ids(self, payment: P) -> Mapping[str, str]:
        """Return ``<kind>_id`` and further ids for the log; no account, so that the log has no personal data."""

    @abstractmethod
    def _get_outcome(self, payment: P) -> ProcessorOutcome | None:
        """Return the recorded outcome; None while the payment is pending."""

    @abstractmethod
    def _with_outcome(self, payment: P, outcome: ProcessorOutcome) -> P:
        """Return *payment* in the state that *outcome* leads to."""

    @abstractmethod
    async def _find_earlier(self, marks: Sequence[str], *, since: datetime) -> P | None:
        """Return the payment that an earlier try of the same request stored."""

    @abstractmethod
    async def _list_pending(self, *, at: datetime, limit: int) -> list[P]:
        """Return the pending payments whose retry is due."""

    @abstractmethod
    async def _schedule_retry(self, payment: P, at: datetime) -> None:
        """Have the reconciliation ask about *payment* at that time."""

    @abstractmethod
    async def _ask_processor(self, payment: P) -> ProcessorOutcome:
        """Return the processor's answer; raises ProcessorTimeoutError."""

    @abstractmethod
    async def _record_outcome(self, payment: P, outcome: ProcessorOutcome, at: datetime) -> bool:
        """Complete *payment* in the ambient transaction; False when it was complete."""

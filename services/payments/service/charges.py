"""Charges of cards: stored before the processor is asked, and moved by what it reports."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import (
    CURRENCY_UNITS,
    IDEMPOTENCY_TTL,
    MAX_ATTEMPTS,
    Attempt,
    Card,
    Charge,
    ChargeOperation,
    ChargeState,
    Money,
    idempotency_marks,
    to_processor_amount,
)
from services.payments.domain.carding import CardAttempt
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    ChargeConflictedError,
    ChargeNotCapturableError,
    ChargeNotFoundError,
    ChargeNotRetryableError,
    ChargeNotVoidableError,
    DuplicateOrderError,
    PaymentPendingError,
    ProcessorUnavailableError,
    UnsupportedAmountError,
    UnsupportedCurrencyError,
)
from services.payments.ports import Processor
from services.payments.service.carding import CardingGuard
from services.payments.service.operations import ChargeOperator
from services.payments.store import Attempts, Cards, Charges, PendingOrders
from shared.errors import FieldProblem, ServiceError
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact

_CREATE_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """An order to charge a card of an account."""

    account_id: str
    card_id: str
    price: Money
    description: str
    is_capture_automatic: bool = True
    client_address: str = ""
    allow_duplicate: bool = False
    """Whether the customer wants a second charge while one of the same card and amount is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeService:
    """Creates, captures, voids and lists charges."""

    processor: Processor
    cards: Cards
    charges: Charges
    attempts: Attempts
    orders: PendingOrders
    operator: ChargeOperator
    carding: CardingGuard
    transact: Transact
    new_id: NewId
    check_after: timedelta

    async def create(self, request: ChargeRequest, *, idempotency_key: str, at: datetime) -> Charge:
        """Charge the card once for each *idempotency_key*, also when an earlier try of it died half-way.

        Raises CardDeclinedError, also for an earlier decline, and PaymentPendingError while the outcome is unknown.
        """
        marks = idempotency_marks(idempotency_key, at)
        for _ in range(_CREATE_TRIES):
            charge = await self.charges.find_by_mark(marks, since=at - IDEMPOTENCY_TTL)
            if charge is None:
                # A duplicate means that another try of the same request was quicker, or a pending charge of the order
                # has just ended: the next round finds out.
                with suppress(DuplicateError):
                    charge = await self._create_pending(request, marks[0], at)
            if charge is not None:
                return await self._conclude(charge, at, client_address=request.client_address)
        raise PaymentPendingError(retry_after=1)

    async def create_attempt(
        self,
        account_id: str,
        charge_id: str,
        card_id: str,
        *,
        idempotency_key: str,
        at: datetime,
        client_address: str = "",
    ) -> Charge:
        """Try a failed charge again with a card, once for each *idempotency_key*."""
        charge = await self.get(account_id, charge_id)
        marks = idempotency_marks(idempotency_key, at)
        attempt = await self.attempts.get(charge.attempt_id)
        if attempt is not None and attempt.number > 1 and attempt.mark in marks:
            return await self._conclude(charge, at, client_address=client_address)
        if charge.state is not ChargeState.FAILED or charge.attempt_count >= MAX_ATTEMPTS:
            raise ChargeNotRetryableError
        card = await self._get_card(account_id, card_id)
        await self.carding.check(CardAttempt(account_id=account_id, address=client_address), at=at)
        self._require_processor()
        await self._start_attempt(charge, self._build_attempt(charge, card, mark=marks[0], at=at))
        return await self._conclude(await self.get(account_id, charge_id), at, client_address=client_address)

    async def get(self, account_id: str, charge_id: str) -> Charge:
        """Return a charge of this account; raises ChargeNotFoundError."""
        return _require(await self.charges.get(account_id, charge_id))

    async def get_current(self, account_id: str, charge_id: str, *, at: datetime) -> Charge:
        """Return a charge; one that awaits the customer as the processor has it now."""
        charge = await self.get(account_id, charge_id)
        if charge.state is ChargeState.REQUIRES_ACTION:
            with suppress(PaymentPendingError):
                return await self.operator.run(charge, at=at)
        return charge

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Charge]:
        """Return up to *limit* charges of the account, newest first, after the position *after*."""
        return await self.charges.list_by_account(account_id, after=after, limit=limit)

    async def capture(self, charge_id: str, amount: int | None, *, at: datetime) -> Charge:
        """Capture *amount* of an authorized charge, all of it without one; the rest is released. Twice is once."""
        charge = _require(await self.charges.find_by_id(charge_id))
        wanted = amount or charge.price.amount
        if charge.amount_captured == wanted:
            return charge
        _check_amount(Money(amount=wanted, currency=charge.price.currency))
        if charge.operation is not ChargeOperation.CAPTURE:
            if charge.state is not ChargeState.AUTHORIZED or wanted > charge.amount_authorized:
                raise ChargeNotCapturableError
            charge = await self._start(charge, ChargeOperation.CAPTURE, at, capture_amount=wanted)
            if charge.amount_captured == wanted:
                return charge  # another request for the same was quicker
        if charge.operation is not ChargeOperation.CAPTURE or charge.capture_amount != wanted:
            raise ChargeNotCapturableError
        captured = await self._run_pending(charge, at)
        if captured.amount_captured != wanted:
            raise ChargeConflictedError if captured.state is ChargeState.CONFLICTED else ChargeNotCapturableError
        return captured

    async def void_charge(self, charge_id: str, *, at: datetime) -> Charge:
        """Release an authorized charge, or end one that awaits the customer. Twice is once."""
        charge = _require(await self.charges.find_by_id(charge_id))
        if charge.state is ChargeState.VOIDED:
            return charge
        if charge.operation is not ChargeOperation.VOID:
            if charge.state not in (ChargeState.AUTHORIZED, ChargeState.REQUIRES_ACTION):
                raise ChargeNotVoidableError
            charge = await self._start(charge, ChargeOperation.VOID, at)
            if charge.state is ChargeState.VOIDED:
                return charge
        if charge.operation is not ChargeOperation.VOID:
            raise ChargeNotVoidableError
        voided = await self._run_pending(charge, at)
        if voided.is_open or voided.amount_captured:
            raise ChargeNotVoidableError
        return voided

    async def _create_pending(self, request: ChargeRequest, mark: str, at: datetime) -> Charge:
        self._check_request(request)
        card = await self._get_card(request.account_id, request.card_id)
        await self.carding.check(CardAttempt(account_id=request.account_id, address=request.client_address), at=at)
        self._require_processor()
        charge = Charge(
            charge_id=self.new_id("chg"),
            account_id=request.account_id,
            card_id=request.card_id,
            price=request.price,
            description=request.description,
            is_capture_automatic=request.is_capture_automatic,
            attempt_id=self.new_id("att"),
            created_at=at,
        )
        attempt = self._build_attempt(charge, card, mark=mark, at=at, attempt_id=charge.attempt_id)
        if not request.allow_duplicate and (pending := await self.orders.find_charge(charge)):
            raise DuplicateOrderError(f"The charge {pending} of the same card and amount is pending.")

        async def write() -> None:
            await self.charges.add(charge, mark=mark, check_at=at + self.check_after)
            await self.attempts.add(attempt)
            if not request.allow_duplicate:
                await self.orders.add(charge)

        await self.transact(write)
        return charge

    def _check_request(self, request: ChargeRequest) -> None:
        if request.price.currency not in CURRENCY_UNITS:
            raise UnsupportedCurrencyError(fields=(_field("currency", UnsupportedCurrencyError),))
        _check_amount(request.price)

    def _build_attempt(
        self, charge: Charge, card: Card, *, mark: str, at: datetime, attempt_id: str | None = None
    ) -> Attempt:
        return Attempt(
            attempt_id=attempt_id or self.new_id("att"),
            charge_id=charge.charge_id,
            number=1 if attempt_id else charge.attempt_count + 1,
            mark=mark,
            card_id=card.card_id,
            processor_ref=card.processor_ref,
            created_at=at,
        )

    async def _start_attempt(self, charge: Charge, attempt: Attempt) -> None:
        async def write() -> bool:
            if not await self.charges.start_attempt(
                charge,
                attempt_id=attempt.attempt_id,
                card_id=attempt.card_id,
                check_at=attempt.created_at + self.check_after,
            ):
                return False
            await self.attempts.add(attempt)
            return True

        if not await self.transact(write):
            raise ChargeNotRetryableError

    async def _start(
        self, charge: Charge, operation: ChargeOperation, at: datetime, *, capture_amount: int = 0
    ) -> Charge:
        """Store *operation* as pending; return the charge, with the operation of another request if it was quicker."""
        await self.charges.start_operation(
            charge, operation, capture_amount=capture_amount, check_at=at + self.check_after
        )
        return _require(await self.charges.find_by_id(charge.charge_id))

    async def _conclude(self, charge: Charge, at: datetime, *, client_address: str) -> Charge:
        """Return the authorized or captured charge, asking the processor where it has not answered; or raise."""
        was_asked = charge.operation is not ChargeOperation.NONE
        charge = await self._run_pending(charge, at)
        if charge.state is ChargeState.FAILED:
            if was_asked:  # the settler has counted it for the account, whose address it does not know
                attempt = CardAttempt(account_id=charge.account_id, address=client_address)
                await self.carding.record_decline(attempt, decline_id=charge.attempt_id, at=at)
            reason = charge.decline_reason.shown if charge.decline_reason else "unknown"
            raise CardDeclinedError(f"The card was declined: {reason}. Charge {charge.charge_id} has failed.")
        if charge.state is ChargeState.CONFLICTED:
            raise ChargeConflictedError(f"The processor reports other figures for charge {charge.charge_id}.")
        return charge

    async def _run_pending(self, charge: Charge, at: datetime) -> Charge:
        if charge.operation is not ChargeOperation.NONE:
            charge = await self.operator.run(charge, at=at)
        if charge.state is ChargeState.PENDING:
            raise PaymentPendingError(f"charge {charge.charge_id} is pending", retry_after=30)
        return charge

    def _require_processor(self) -> None:
        """Raise before anything is stored while the processor is not asked (circuit breaker)."""
        if self.processor.retry_after:
            raise ProcessorUnavailableError(retry_after=self.processor.retry_after)

    async def _get_card(self, account_id: str, card_id: str) -> Card:
        card = await self.cards.get(account_id, card_id)
        if card is None:
            raise CardNotFoundError
        return card


def _require(charge: Charge | None) -> Charge:
    if charge is None:
        raise ChargeNotFoundError
    return charge


def _check_amount(price: Money) -> None:
    if to_processor_amount(price) is None:
        raise UnsupportedAmountError(fields=(_field("amount", UnsupportedAmountError),))


def _field(name: str, fault: type[ServiceError]) -> FieldProblem:
    return FieldProblem(field=name, code=fault.code, message=fault.get_title())

"""Payments of the simulated processor: Stripe's rules, over books of its own."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta

from services.payments.domain import (
    CardDetails,
    DeclineReason,
    Money,
    ReportedCard,
    ReportedPayment,
    to_processor_amount,
)
from services.payments.ports.processor import (
    KEY_REUSED,
    PaymentOrder,
    ProcessorDeclinedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.ports.simulator.behaviours import (
    DECLINED_NUMBERS,
    Behaviour,
    describe_behaviour,
    parse_behaviour,
)
from services.payments.ports.simulator.books import Row, SimulatorBooks, find_row, insert_row, update_row
from services.payments.ports.simulator.card_pages import SimulatedCardPages, derive_id
from services.payments.ports.simulator.reports import report_payment
from shared.clock import Clock, utc_now

AUTHORIZATION_TTL = timedelta(days=7)
_FAILED_ACTIONS = {
    Behaviour.ACTION_FAILS: DeclineReason.AUTHENTICATION_FAILED,
    Behaviour.ACTION_DECLINED: DeclineReason.INSUFFICIENT_FUNDS,
}
_TIMEOUTS = {
    "capture": Behaviour.CAPTURE_TIMES_OUT_ONCE,
    "void": Behaviour.VOID_TIMES_OUT_ONCE,
}


class SimulatedPayments(SimulatedCardPages):
    """Approves every valid card except the test numbers. The behaviour of a card is part of its reference."""

    authentication_root = ""
    """Where the page of the simulated bank is, below which each authentication has its address."""

    def __init__(self, books: SimulatorBooks | None = None, clock: Clock = utc_now) -> None:
        super().__init__(books or SimulatorBooks())
        self._clock = clock

    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Return a reference that names the behaviour of the card."""
        if reason := DECLINED_NUMBERS.get(card.number.reveal_text()):
            raise ProcessorDeclinedError(reason)
        stored = ReportedCard(
            reference=f"sim_{describe_behaviour(card.number.reveal_text())}_{derive_id(key)}",
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            brand=card.brand.value,
        )

        def store(books: sqlite3.Connection) -> None:
            if find_row(books, "cards", id=stored.reference) is None:
                insert_row(
                    books,
                    "cards",
                    id=stored.reference,
                    last4=stored.last4,
                    exp_month=stored.exp_month,
                    exp_year=stored.exp_year,
                    brand=stored.brand,
                )

        await self._books.run(store)
        return stored

    async def get_card(self, reference: str) -> ReportedCard | None:
        """Return the stored card."""
        row = await self._books.run(lambda books: find_row(books, "cards", id=reference))
        if row is None:
            return None
        return ReportedCard(
            reference=reference,
            last4=row["last4"],
            exp_month=row["exp_month"],
            exp_year=row["exp_year"],
            brand=row["brand"],
        )

    async def delete_card(self, reference: str) -> None:
        """Forget the card."""

        def forget(books: sqlite3.Connection) -> None:
            books.execute("DELETE FROM cards WHERE id = ?", (reference,))

        await self._books.run(forget)

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        """Approve, decline, or await the customer, as the reference of the card says."""
        amount = to_amount(order.price)
        behaviour, reason = parse_behaviour(order.reference.removeprefix("sim_").rpartition("_")[0])
        if behaviour is Behaviour.UNREACHABLE_ONCE:
            await self.silence_once(key)

        def pay(books: sqlite3.Connection) -> ReportedPayment:
            earlier = find_row(books, "payments", key=key)
            if earlier is None:
                self._open_payment(books, order, key=key, amount=amount, behaviour=behaviour, reason=reason)
            elif (earlier["amount"], earlier["currency"], earlier["charge_id"]) != (
                amount,
                order.price.currency,
                order.charge_id,
            ):
                raise ProcessorRejectedError(KEY_REUSED)
            return self._report(books, find_row(books, "payments", key=key))

        report = await self._books.run(pay)
        if behaviour is Behaviour.TIMES_OUT_ONCE:
            await self.silence_once(key)
        return report

    def _open_payment(
        self,
        books: sqlite3.Connection,
        order: PaymentOrder,
        *,
        key: str,
        amount: int,
        behaviour: Behaviour,
        reason: DeclineReason | None,
    ) -> None:
        payment_id = f"simpay_{derive_id(key)}"
        is_waiting = behaviour in (Behaviour.REQUIRES_ACTION, *_FAILED_ACTIONS)
        insert_row(
            books,
            "payments",
            id=payment_id,
            key=key,
            charge_id=order.charge_id,
            behaviour=behaviour.value,
            amount=amount,
            currency=order.price.currency,
            automatic=int(order.is_capture_automatic),
            status="failed" if reason else "requires_action" if is_waiting else "processing",
            decline=reason.value if reason else None,
        )
        if is_waiting:
            insert_row(books, "authentications", id=payment_id, return_url=order.return_url)
        elif not reason:
            self._approve(books, payment_id)

    def _approve(self, books: sqlite3.Connection, payment_id: str) -> None:
        row = find_row(books, "payments", id=payment_id)
        assert row is not None, payment_id
        if row["automatic"]:
            update_row(
                books,
                "payments",
                payment_id,
                status="captured",
                authorized=row["amount"],
                captured=row["amount"],
            )
            if row["behaviour"] == Behaviour.DISPUTED:
                insert_row(
                    books,
                    "disputes",
                    id=f"simdp_{derive_id(payment_id)}",
                    payment_id=payment_id,
                    amount=row["amount"],
                    status="needs_response",
                    reason="fraudulent",
                )
            return
        until = self._clock() + AUTHORIZATION_TTL
        update_row(
            books,
            "payments",
            payment_id,
            status="authorized",
            authorized=row["amount"],
            authorized_until=until.isoformat(),
        )

    async def authenticate(self, payment_id: str) -> str:
        """Do what the customer does on the bank's page: authenticate, and succeed or fail as the card says.

        Return where the customer goes afterwards.
        """

        def finish(books: sqlite3.Connection) -> str:
            row, waiting = self.find_row_of(books, payment_id), find_row(books, "authentications", id=payment_id)
            if waiting is None:
                raise ProcessorRejectedError("resource_missing")
            if row["status"] == "requires_action":
                if reason := _FAILED_ACTIONS.get(row["behaviour"]):
                    update_row(books, "payments", payment_id, status="failed", decline=reason.value)
                else:
                    self._approve(books, payment_id)
            return str(waiting["return_url"])

        return await self._books.run(finish)

    async def capture(self, payment_id: str, price: Money, *, key: str) -> ReportedPayment:
        """Capture an authorization that has not expired; the rest is released."""
        amount = to_amount(price)

        def take(books: sqlite3.Connection, row: Row) -> None:
            if row["status"] != "authorized":
                raise ProcessorRejectedError("payment_intent_unexpected_state")
            if amount > row["authorized"] or price.currency != row["currency"]:
                raise ProcessorRejectedError("amount_too_large")
            update_row(books, "payments", payment_id, status="captured", captured=amount)

        return await self._change("capture", payment_id, take, key=key, request=f"{amount} {price.currency}")

    async def void_payment(self, payment_id: str, *, key: str) -> ReportedPayment:
        """Release an authorization, or end a payment that awaits the customer."""

        def release(books: sqlite3.Connection, row: Row) -> None:
            if row["status"] not in ("authorized", "requires_action"):
                raise ProcessorRejectedError("payment_intent_unexpected_state")
            update_row(books, "payments", payment_id, status="canceled", cancel="requested")

        return await self._change("void", payment_id, release, key=key)

    async def _change(
        self,
        kind: str,
        payment_id: str,
        change: Callable[[sqlite3.Connection, Row], None],
        *,
        key: str,
        request: str = "",
    ) -> ReportedPayment:
        """Apply *change* once for *key*; a repetition reports the payment."""

        def run_once(books: sqlite3.Connection) -> tuple[ReportedPayment, str]:
            row = self.find_row_of(books, payment_id)
            asked = f"{kind} {payment_id} {request}"
            answered = find_row(books, "answered", key=key)
            if answered is None:
                change(books, row)
                insert_row(books, "answered", key=key, request=asked)
            elif answered["request"] != asked:
                raise ProcessorRejectedError(KEY_REUSED)
            return self._report(books, find_row(books, "payments", id=payment_id)), row["behaviour"]

        # Before and apart: a refusal rolls its own transaction back.
        await self._books.run(lambda books: self.find_row_of(books, payment_id, capturing=kind == "capture"))
        report, behaviour = await self._books.run(run_once)
        if behaviour == _TIMEOUTS[kind]:
            await self.silence_once(key)
        return report

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        """Return the payment; an authorization that was not captured in time has expired."""
        return await self._books.run(lambda books: self._report(books, self.find_row_of(books, payment_id)))

    async def find_payment(self, key: str) -> ReportedPayment | None:
        """Return the payment that was made with *key*."""

        def find(books: sqlite3.Connection) -> ReportedPayment | None:
            row = find_row(books, "payments", key=key)
            return None if row is None else self._report(books, self.find_row_of(books, row["id"]))

        return await self._books.run(find)

    def find_row_of(self, books: sqlite3.Connection, payment_id: str, *, capturing: bool = False) -> Row:
        """Return the row of a payment, expired where its time is up; raises ProcessorRejectedError."""
        row = find_row(books, "payments", id=payment_id)
        if row is None:
            raise ProcessorRejectedError("resource_missing")
        is_late = bool(row["authorized_until"]) and row["authorized_until"] <= self._clock().isoformat()
        is_early = capturing and row["behaviour"] == Behaviour.EXPIRED_EARLY
        if row["status"] == "authorized" and (is_late or is_early):
            update_row(books, "payments", payment_id, status="canceled", cancel="expired")
            row = find_row(books, "payments", id=payment_id)
        assert row is not None, payment_id
        return row

    def _report(self, books: sqlite3.Connection, row: Row | None) -> ReportedPayment:
        assert row is not None, "the payment was just written"
        refunds = books.execute("SELECT * FROM refunds WHERE payment_id = ? ORDER BY rowid", (row["id"],)).fetchall()
        return report_payment(
            row,
            [dict(each) for each in refunds],
            find_row(books, "disputes", payment_id=row["id"]),
            action_url=f"{self.authentication_root}/{row['id']}",
        )

    async def silence_once(self, key: str) -> None:
        """Lose the answer to the first call with *key*: raises ProcessorTimeoutError."""

        def silence(books: sqlite3.Connection) -> bool:
            if find_row(books, "silenced", key=key):
                return False
            insert_row(books, "silenced", key=key)
            return True

        if await self._books.run(silence):
            raise ProcessorTimeoutError


def to_amount(price: Money) -> int:
    """Return *price* in the units of the processor; raises ProcessorRejectedError."""
    amount = to_processor_amount(price)
    if amount is None:
        raise ProcessorRejectedError("amount_invalid")
    return amount

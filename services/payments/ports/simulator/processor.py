"""The simulated processor: cards, payments, refunds, disputes."""

import sqlite3

from services.payments.domain import Money, ReportedDispute, ReportedRefund
from services.payments.ports.processor import KEY_REUSED, ProcessorRejectedError
from services.payments.ports.simulator.behaviours import Behaviour
from services.payments.ports.simulator.books import Row, find_row, insert_row, update_row
from services.payments.ports.simulator.card_pages import derive_id
from services.payments.ports.simulator.payments import SimulatedPayments, to_amount
from services.payments.ports.simulator.reports import report_dispute, report_refund


class SimulatedProcessor(SimulatedPayments):
    """Approves every valid card except the test numbers, and refunds what was captured."""

    retry_after = 0

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        """Refund at most what was captured and not refunded."""
        amount = to_amount(price)

        def give(books: sqlite3.Connection) -> tuple[ReportedRefund, str]:
            payment = self.find_row_of(books, payment_id)
            earlier = find_row(books, "refunds", key=key)
            if earlier is None:
                self._open_refund(books, payment, price, key=key)
            elif (earlier["payment_id"], earlier["amount"]) != (payment_id, amount):
                raise ProcessorRejectedError(KEY_REUSED)
            return report_refund(find_row(books, "refunds", key=key), payment), payment["behaviour"]

        report, behaviour = await self._books.run(give)
        if behaviour == Behaviour.REFUND_TIMES_OUT_ONCE:
            await self.silence_once(key)
        return report

    def _open_refund(self, books: sqlite3.Connection, payment: Row, price: Money, *, key: str) -> None:
        amount = to_amount(price)
        if payment["status"] != "captured" or price.currency != payment["currency"]:
            raise ProcessorRejectedError("charge_not_refundable")
        dispute = find_row(books, "disputes", payment_id=payment["id"])
        if dispute is not None and dispute["status"] in ("needs_response", "under_review", "lost"):
            raise ProcessorRejectedError("charge_disputed")
        if amount > payment["captured"] - sum_refunds(books, payment["id"]):
            raise ProcessorRejectedError("refund_exceeds_charge")
        fails = payment["behaviour"] == Behaviour.REFUND_FAILS
        waits = payment["behaviour"] == Behaviour.REFUND_PENDING
        insert_row(
            books,
            "refunds",
            id=f"simre_{derive_id(key)}",
            key=key,
            payment_id=payment["id"],
            amount=amount,
            status="failed" if fails else "pending" if waits else "succeeded",
            failure="expired_or_canceled_card" if fails else None,
            reads=0,
        )

    async def get_refund(self, refund_id: str) -> ReportedRefund:
        """Return the refund; reading it again moves those that change later."""

        def read(books: sqlite3.Connection) -> ReportedRefund:
            row = find_row(books, "refunds", id=refund_id)
            if row is None:
                raise ProcessorRejectedError("resource_missing")
            payment = self.find_row_of(books, row["payment_id"])
            if payment["behaviour"] == Behaviour.REFUND_FAILS_LATER:
                update_row(books, "refunds", refund_id, status="failed", failure="expired_or_canceled_card")
            elif payment["behaviour"] == Behaviour.REFUND_PENDING:
                update_row(books, "refunds", refund_id, status="succeeded")
            return report_refund(find_row(books, "refunds", id=refund_id), payment)

        return await self._books.run(read)

    async def get_dispute(self, dispute_id: str) -> ReportedDispute:
        """Return the dispute."""

        def read(books: sqlite3.Connection) -> ReportedDispute:
            row = find_row(books, "disputes", id=dispute_id)
            if row is None:
                raise ProcessorRejectedError("resource_missing")
            return report_dispute(row, self.find_row_of(books, row["payment_id"]))

        return await self._books.run(read)

    async def close(self) -> None:
        """Close the books."""
        await self._books.close()

    async def resolve_dispute(self, dispute_id: str, status: str) -> None:
        """Do what the bank does: move the dispute to *status*."""
        await self._books.run(lambda books: update_row(books, "disputes", dispute_id, status=status))


def sum_refunds(books: sqlite3.Connection, payment_id: str) -> int:
    """Return what was refunded of a payment, pending refunds included."""
    [(total,)] = books.execute(
        "SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE payment_id = ? AND status != 'failed'", (payment_id,)
    ).fetchall()
    return int(total)

"""Captured charges are compared with the processor's own figures; what differs is reported until it is gone."""

from dataclasses import replace
from datetime import timedelta

from services.payments.domain import Money, ReportedPayment
from services.payments.ports import ProcessorRejectedError, ProcessorTimeoutError, SimulatedProcessor
from services.payments.service import FigureComparer
from tests.integration.payments.harness import PaymentsHarness

DAY = timedelta(days=1)


class ChangedFigures(SimulatedProcessor):
    """A processor whose figures changed after the charge, as a mistake there or here would show."""

    amount_captured: int | None = None
    price: Money | None = None
    fault: Exception | None = None

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        if self.fault is not None:
            raise self.fault
        report = await super().get_payment(payment_id)
        captured = report.amount_captured if self.amount_captured is None else self.amount_captured
        return replace(report, amount_captured=captured, price=self.price or report.price)


def comparer(house: PaymentsHarness) -> FigureComparer:
    return house.after_charge.figure_comparer


async def differing(house: PaymentsHarness) -> int:
    return await house.differences.count()


async def test_a_charge_is_compared_after_a_day_a_week_and_a_month(house: PaymentsHarness) -> None:
    processor = ChangedFigures(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    await house.charge(await house.card())
    made = house.clock()
    assert await comparer(house).compare_due(at=made + DAY - timedelta(seconds=1)) == 0
    processor.amount_captured = 3_998
    assert await comparer(house).compare_due(at=made + DAY) == 1
    assert await differing(house) == 1
    assert await comparer(house).compare_due(at=made + 2 * DAY) == 0
    processor.amount_captured = None
    assert await comparer(house).compare_due(at=made + 7 * DAY) == 0
    assert await differing(house) == 0
    processor.amount_captured = 3_998
    assert await comparer(house).compare_due(at=made + 30 * DAY) == 1
    assert await comparer(house).compare_due(at=made + 900 * DAY) == 0


async def test_the_currency_that_the_processor_names_counts(house: PaymentsHarness) -> None:
    processor = ChangedFigures(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    await house.charge(await house.card())
    processor.price = Money(amount=3_999, currency="EUR")
    assert await comparer(house).compare_due(at=house.clock() + DAY) == 1


async def test_a_payment_that_the_processor_does_not_know_differs(house: PaymentsHarness) -> None:
    processor = ChangedFigures(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    await house.charge(await house.card())
    processor.fault = ProcessorRejectedError("resource_missing")
    assert await comparer(house).compare_due(at=house.clock() + DAY) == 1


async def test_a_silent_processor_is_asked_an_hour_later(house: PaymentsHarness) -> None:
    processor = ChangedFigures(clock=house.clock)
    house = PaymentsHarness(house.database, house.clock, processor)
    await house.charge(await house.card())
    processor.amount_captured, processor.fault = 1, ProcessorTimeoutError()
    assert await comparer(house).compare_due(at=house.clock() + DAY) == 0
    processor.fault = None
    assert await comparer(house).compare_due(at=house.clock() + DAY + timedelta(hours=1)) == 1


async def test_a_refund_made_at_the_processor_is_taken_over_and_no_difference(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await house.processor.refund(charge.payment_id, Money(amount=500, currency="USD"), key="made there")
    assert await comparer(house).compare_due(at=house.clock() + DAY) == 0
    assert (await house.reload(charge)).amount_refunded == 500
    assert await house.find_differences() == ()

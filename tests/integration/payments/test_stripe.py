"""Stripe's wire: faults, what is sent and what is not, live mode, and the shapes that the wrapper answers with."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import stripe

from services.payments.domain import CardDetails, DeclineReason, Money, ReportedStatus
from services.payments.ports import (
    PaymentOrder,
    ProcessorDeclinedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.ports.stripe import StripeProcessor, open_stripe
from services.payments.ports.test_numbers import TEST_NUMBERS
from shared.ids import new_id
from tests.integration.payments.banks import StripeBank, stripe_bank
from tests.integration.payments.test_processors import authorized, key, reference_of, usd
from tests.support.cards import SECURITY_CODE, VISA
from tests.support.stripe import Fault
from tests.support.stripe.spec import list_deviations


@pytest.fixture(scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StripeBank]:
    async with stripe_bank(tmp_path_factory.mktemp("localstripe")) as opened:
        yield opened


async def order(bank: StripeBank, charge_id: str) -> PaymentOrder:
    reference = await reference_of(bank, VISA)
    return PaymentOrder(charge_id=charge_id, reference=reference, price=usd(1_000), is_capture_automatic=True)


@pytest.mark.parametrize("fault", [each for each in Fault if each not in (Fault.SLOW, Fault.UNAUTHORIZED)])
async def test_a_fault_is_repeated_under_the_same_key_and_charges_once(bank: StripeBank, fault: Fault) -> None:
    charge_id, attempt = new_id("chg"), new_id("att")
    wanted = await order(bank, charge_id)
    bank.wrapper.fail("/payment_intents$", fault)
    try:
        paid = await bank.processor.authorize(wanted, key=attempt)
    except ProcessorTimeoutError:
        assert fault is Fault.EMPTY, "a readable answer without its fields is not repeated at once"
        paid = await bank.processor.authorize(wanted, key=attempt)
    assert paid.status is ReportedStatus.CAPTURED
    assert await bank.count_payments(charge_id) == 1
    keys = [call.key for call in bank.wrapper.calls if call.form.get("metadata[attempt_id]") == attempt]
    assert keys == [attempt, attempt]


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.SERVER_ERROR, Fault.UNREADABLE, Fault.UNAUTHORIZED])
async def test_a_fault_that_stays_means_unknown(bank: StripeBank, fault: Fault) -> None:
    wanted, attempt = await order(bank, new_id("chg")), new_id("att")
    bank.wrapper.fail("/payment_intents$", fault, fault, fault)
    with pytest.raises(ProcessorTimeoutError) as unknown:
        await bank.processor.authorize(wanted, key=attempt)
    assert unknown.value.__cause__ is None, "the error of the library may hold a body"
    assert (await bank.processor.authorize(wanted, key=attempt)).status is ReportedStatus.CAPTURED


async def test_a_slow_answer_means_unknown_in_time(bank: StripeBank) -> None:
    connection = open_stripe(api_key="sk_test_1", api_base=bank.wrapper.url, timeout=timedelta(seconds=0.3))
    processor = StripeProcessor(connection, timeout=timedelta(seconds=0.3), is_live=False)
    wanted, attempt = await order(bank, new_id("chg")), new_id("att")
    bank.wrapper.fail("/payment_intents$", *[Fault.SLOW] * 3)
    try:
        with pytest.raises(ProcessorTimeoutError):
            await processor.authorize(wanted, key=attempt)
    finally:
        bank.wrapper.faults.clear()
        await processor.close()


async def test_nothing_of_a_card_is_logged_or_reported(
    bank: StripeBank, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        bank.wrapper.fail("/payment_methods$", Fault.SERVER_ERROR)
        await reference_of(bank, VISA)
    written = caplog.text + "".join(capfd.readouterr())
    assert VISA not in written
    assert SECURITY_CODE not in [line.strip() for line in written.splitlines()]
    assert not stripe.enable_telemetry
    assert logging.getLogger("stripe").level >= logging.WARNING


async def test_the_number_is_sent_once_and_a_charge_carries_no_data_of_a_person(bank: StripeBank) -> None:
    bank.wrapper.calls.clear()
    await authorized(bank, capture=True)
    with_number = [call.path for call in bank.wrapper.calls if VISA in str(call.form)]
    assert with_number == ["/v1/payment_methods"]
    [made] = [call for call in bank.wrapper.calls if call.path == "/v1/payment_intents"]
    assert set(made.form) == {
        *("amount", "currency", "customer", "payment_method", "allowed_payment_method_types[0]", "capture_method"),
        *("confirm", "metadata[charge_id]", "metadata[attempt_id]", "expand[0]", "return_url"),
    }


async def test_live_mode_refuses_test_numbers_before_the_processor_is_asked(bank: StripeBank) -> None:
    connection = open_stripe(api_key="sk_live_1", api_base=bank.wrapper.url, timeout=timedelta(seconds=5))
    processor = StripeProcessor(connection, timeout=timedelta(seconds=5), is_live=True)
    bank.wrapper.calls.clear()
    for number in sorted(TEST_NUMBERS):
        card = CardDetails(number=number, exp_month=12, exp_year=2031, security_code="737")
        with pytest.raises(ProcessorDeclinedError) as declined:
            await processor.tokenize(card, key=key())
        assert declined.value.reason is DeclineReason.LIVE_MODE_TEST_CARD
    assert bank.wrapper.calls == []
    await processor.close()


async def test_an_amount_that_the_processor_cannot_take_is_not_sent(bank: StripeBank) -> None:
    bank.wrapper.calls.clear()
    wanted = PaymentOrder(
        charge_id="chg_1",
        reference="pm_1/cus_1",
        price=Money(amount=1_234, currency="BHD"),
        is_capture_automatic=True,
    )
    with pytest.raises(ProcessorRejectedError):
        await bank.processor.authorize(wanted, key=new_id("att"))
    assert bank.wrapper.calls == []


@pytest.mark.parametrize(
    ("changed", "deviation"),
    [
        ({"status": "done"}, "charge.status is never 'done'"),
        ({"amount": "100"}, "charge.amount is no int"),
        ({"paid_twice": True}, "charge.paid_twice is not published"),
        ({"currency": None}, "charge.currency is missing"),
    ],
)
def test_b4_19_an_answer_that_is_not_stripes_is_seen(changed: dict[str, Any], deviation: str) -> None:
    answer = {
        "object": "charge",
        "id": "ch_1",
        "amount": 100,
        "amount_captured": 100,
        "amount_refunded": 0,
        "billing_details": {},
        "captured": True,
        "created": 1,
        "currency": "usd",
        "disputed": False,
        "livemode": False,
        "metadata": {},
        "paid": True,
        "refunded": False,
        "status": "succeeded",
    }
    assert list(list_deviations(answer)) == []
    assert deviation in list(list_deviations({**answer, **changed}))

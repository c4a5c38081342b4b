"""What any processor must do: one behaviour suite for the simulator and for Stripe."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from services.payments.domain import (
    CancelReason,
    CardDetails,
    DeclineReason,
    Money,
    ReportedPayment,
    ReportedRefundStatus,
    ReportedStatus,
)
from services.payments.ports import (
    CardPageStatus,
    PaymentOrder,
    ProcessorDeclinedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
)
from services.payments.ports.simulator import DECLINED_NUMBERS, decline_test_number
from shared.ids import new_id
from tests.integration.payments.banks import Bank, simulated_bank, stripe_bank
from tests.support.cards import (
    ACTION_DECLINED,
    ACTION_FAILS,
    CAPTURE_SILENT_ONCE,
    DECLINED_LATER,
    DISPUTED,
    EXPIRED_EARLY,
    OTHER_AMOUNT,
    OTHER_CURRENCY,
    REFUND_FAILS_LATER,
    REFUND_NEVER,
    REFUND_PENDING,
    REFUND_SILENT_ONCE,
    REQUIRES_ACTION,
    SILENT_ONCE,
    UNREACHABLE_ONCE,
    VISA,
    VOID_SILENT_ONCE,
)

T = TypeVar("T")
CURRENCIES = [
    *("USD", "EUR", "JPY", "KRW", "CLP", "ISK", "UGX", "MGA", "BHD", "JOD", "KWD", "OMR", "TND", "HUF", "TWD", "XAF")
]
"""Those whose units differ, and some of each other kind; the table itself is tested as a whole."""
RETURN_URL = "https://candor.example/account/cards"


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


async def answered(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again with the same key while the answer is lost, as the reconciliation does."""
    for _ in range(3):
        try:
            return await ask()
        except ProcessorTimeoutError:
            continue
    raise AssertionError("the processor never answered")


def key() -> str:
    """Return a key as hexadecimal digits, like the digest of a card payload."""
    return new_id("").encode().hex()[:40]


async def reference_of(bank: Bank, number: str) -> str:
    card = CardDetails(number=number, exp_month=12, exp_year=2031, security_code="737")
    return (await bank.processor.tokenize(card, key=key())).reference


async def authorized(
    bank: Bank, number: str = VISA, *, price: Money | None = None, capture: bool = False, charge_id: str = "chg_1"
) -> ReportedPayment:
    order = PaymentOrder(
        charge_id=charge_id,
        reference=await reference_of(bank, number),
        price=price or usd(1_000),
        is_capture_automatic=capture,
        return_url=RETURN_URL,
    )
    attempt = new_id("att")
    return await answered(lambda: bank.processor.authorize(order, key=attempt))


class ProcessorContract:
    """Each adapter adds its fixture ``bank``."""

    reasons: Sequence[DeclineReason] = tuple(DeclineReason)

    async def test_a_card_is_stored_as_what_may_be_shown(self, bank: Bank) -> None:
        card = CardDetails(number=VISA, exp_month=12, exp_year=2031, security_code="737")
        stored = await bank.processor.tokenize(card, key=key())
        assert (stored.last4, stored.exp_month, stored.exp_year, stored.brand) == ("4242", 12, 2031, "visa")
        assert await bank.processor.get_card(stored.reference) == stored

    async def test_a_card_that_was_deleted_is_gone(self, bank: Bank) -> None:
        reference = await reference_of(bank, VISA)
        for _ in range(2):
            await bank.processor.delete_card(reference)
        assert await bank.processor.get_card(reference) is None

    async def test_a_card_is_entered_on_the_processors_page_and_charged(self, bank: Bank) -> None:
        page_key = new_id("set")
        page = await bank.processor.create_card_page(return_url=RETURN_URL, key=page_key)
        assert (page.status, page.card, bool(page.url)) == (CardPageStatus.OPEN, None, True)
        assert (await bank.processor.create_card_page(return_url=RETURN_URL, key=page_key)).url == page.url
        await bank.enter_card(page)
        completed = await bank.processor.get_card_page(page.reference)
        assert completed.status is CardPageStatus.COMPLETED
        assert completed.card is not None
        assert (completed.card.last4, completed.card.brand) == ("4242", "visa")
        order = PaymentOrder(
            charge_id="chg_1", reference=completed.card.reference, price=usd(500), is_capture_automatic=True
        )
        assert (await bank.processor.authorize(order, key=new_id("att"))).status is ReportedStatus.CAPTURED

    async def test_a_decline_on_the_processors_page_is_reported_with_an_id_of_its_own(self, bank: Bank) -> None:
        page_key = new_id("set")
        page = await bank.processor.create_card_page(return_url=RETURN_URL, key=page_key)
        found = []
        for _ in range(2):
            setup_reference = await bank.enter_card(page, is_declined=True)
            found.append(await bank.processor.find_page_decline(setup_reference))
            read = await bank.processor.get_card_page(page.reference)
            assert (read.status, read.decline) == (CardPageStatus.OPEN, found[-1])
        assert [each and (each.page_key, each.reason) for each in found] == [
            (page_key, DeclineReason.GENERIC_DECLINE)
        ] * 2
        assert found[0] != found[1]

    @pytest.mark.parametrize("number", DECLINED_NUMBERS)
    async def test_a_published_number_is_declined_when_it_is_stored(self, bank: Bank, number: str) -> None:
        with pytest.raises(ProcessorDeclinedError) as declined:
            await reference_of(bank, number)
        assert declined.value.reason is DECLINED_NUMBERS[number]

    async def test_a_charge_is_captured_at_once(self, bank: Bank) -> None:
        paid = await authorized(bank, capture=True)
        assert (paid.status, paid.price, paid.amount_captured) == (ReportedStatus.CAPTURED, usd(1_000), 1_000)
        again = await bank.processor.get_payment(paid.payment_id)
        assert (again.status, again.amount_captured, again.key) == (paid.status, 1_000, paid.key)

    async def test_a_card_is_charged_more_than_once(self, bank: Bank) -> None:
        reference = await reference_of(bank, VISA)
        for _ in range(2):
            order = PaymentOrder(
                charge_id=new_id("chg"), reference=reference, price=usd(500), is_capture_automatic=True
            )
            paid = await bank.processor.authorize(order, key=new_id("att"))
            assert paid.status is ReportedStatus.CAPTURED

    async def test_an_authorization_holds_the_amount_until_it_is_captured(self, bank: Bank) -> None:
        held = await authorized(bank)
        assert (held.status, held.amount_authorized, held.amount_captured) == (ReportedStatus.AUTHORIZED, 1_000, 0)
        assert held.authorized_until is not None
        taken = await bank.processor.capture(held.payment_id, usd(1_000), key=f"{held.key}_capture")
        assert (taken.status, taken.amount_captured) == (ReportedStatus.CAPTURED, 1_000)

    async def test_a_part_is_captured_once_and_the_rest_released(self, bank: Bank) -> None:
        held = await authorized(bank)
        taken = await bank.processor.capture(held.payment_id, usd(300), key=f"{held.key}_capture")
        assert (taken.status, taken.amount_captured, taken.amount_refunded) == (ReportedStatus.CAPTURED, 300, 0)
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.capture(held.payment_id, usd(700), key=new_id("op"))
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.refund(held.payment_id, usd(301), key=new_id("ref"))

    async def test_no_more_than_the_authorization_is_captured(self, bank: Bank) -> None:
        held = await authorized(bank)
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.capture(held.payment_id, usd(1_001), key=new_id("op"))
        assert (await bank.processor.get_payment(held.payment_id)).status is ReportedStatus.AUTHORIZED

    async def test_a_voided_authorization_cannot_be_captured(self, bank: Bank) -> None:
        held = await authorized(bank)
        ended = await bank.processor.void_payment(held.payment_id, key=f"{held.key}_void")
        assert (ended.status, ended.cancel_reason) == (ReportedStatus.CANCELED, CancelReason.REQUESTED)
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.capture(held.payment_id, usd(1), key=new_id("op"))
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.refund(held.payment_id, usd(1), key=new_id("ref"))

    async def test_a_captured_payment_cannot_be_voided(self, bank: Bank) -> None:
        paid = await authorized(bank, capture=True)
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.void_payment(paid.payment_id, key=new_id("op"))

    async def test_an_authorization_that_expired_is_not_captured(self, bank: Bank) -> None:
        held = await authorized(bank, EXPIRED_EARLY)
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.capture(held.payment_id, usd(1_000), key=new_id("op"))
        ended = await bank.processor.get_payment(held.payment_id)
        assert (ended.status, ended.cancel_reason) == (ReportedStatus.CANCELED, CancelReason.EXPIRED)

    async def test_a_decline_names_its_reason(self, bank: Bank) -> None:
        for reason in self.reasons:
            declined = await authorized(bank, decline_test_number(reason), capture=True)
            assert (declined.status, declined.decline_reason) == (ReportedStatus.FAILED, reason)
            assert declined.amount_captured == declined.amount_authorized == 0

    async def test_a_card_may_be_stored_and_then_declined(self, bank: Bank) -> None:
        declined = await authorized(bank, DECLINED_LATER, capture=True)
        assert (declined.status, declined.decline_reason) == (ReportedStatus.FAILED, DeclineReason.GENERIC_DECLINE)

    async def test_one_key_has_one_effect(self, bank: Bank) -> None:
        charge_id, attempt = new_id("chg"), new_id("att")
        order = PaymentOrder(
            charge_id=charge_id,
            reference=await reference_of(bank, VISA),
            price=usd(1_000),
            is_capture_automatic=True,
        )
        reports = [await bank.processor.authorize(order, key=attempt) for _ in range(3)]
        assert len({each.payment_id for each in reports}) == await bank.count_payments(charge_id) == 1

    async def test_a_key_is_for_one_order(self, bank: Bank) -> None:
        attempt, reference = new_id("att"), await reference_of(bank, VISA)
        for amount in (1_000, 1_001):
            order = PaymentOrder(charge_id="chg_1", reference=reference, price=usd(amount), is_capture_automatic=True)
            if amount == 1_000:
                await bank.processor.authorize(order, key=attempt)
                continue
            with pytest.raises(ProcessorRejectedError) as refused:
                await bank.processor.authorize(order, key=attempt)
            assert refused.value.is_key_reused

    @pytest.mark.parametrize("number", [SILENT_ONCE, UNREACHABLE_ONCE])
    async def test_a_lost_answer_or_request_charges_once(self, bank: Bank, number: str) -> None:
        charge_id = new_id("chg")
        paid = await authorized(bank, number, capture=True, charge_id=charge_id)
        assert paid.status is ReportedStatus.CAPTURED
        assert await bank.count_payments(charge_id) == 1

    async def test_a_lost_answer_to_a_capture_and_a_void_has_its_effect_once(self, bank: Bank) -> None:
        held = await authorized(bank, CAPTURE_SILENT_ONCE)
        capture_key = f"{held.key}_capture"
        taken = await answered(lambda: bank.processor.capture(held.payment_id, usd(400), key=capture_key))
        assert taken.amount_captured == 400
        held = await authorized(bank, VOID_SILENT_ONCE)
        void_key = f"{held.key}_void"
        ended = await answered(lambda: bank.processor.void_payment(held.payment_id, key=void_key))
        assert ended.status is ReportedStatus.CANCELED

    async def test_a_payment_is_found_by_our_key(self, bank: Bank) -> None:
        paid = await authorized(bank, capture=True)
        found = await bank.processor.find_payment(paid.key)
        assert found is not None
        assert found.payment_id == paid.payment_id
        assert await bank.processor.find_payment(new_id("att")) is None

    async def test_a_customer_authenticates_and_the_charge_goes_on(self, bank: Bank) -> None:
        waiting = await authorized(bank, REQUIRES_ACTION, capture=True)
        assert (waiting.status, waiting.amount_captured) == (ReportedStatus.REQUIRES_ACTION, 0)
        assert waiting.action_url
        await bank.authenticate(waiting.payment_id)
        assert (await bank.processor.get_payment(waiting.payment_id)).status is ReportedStatus.CAPTURED

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (ACTION_FAILS, DeclineReason.AUTHENTICATION_FAILED),
            (ACTION_DECLINED, DeclineReason.INSUFFICIENT_FUNDS),
        ],
    )
    async def test_an_authentication_may_end_without_money(
        self, bank: Bank, number: str, reason: DeclineReason
    ) -> None:
        waiting = await authorized(bank, number, capture=True)
        await bank.authenticate(waiting.payment_id)
        ended = await bank.processor.get_payment(waiting.payment_id)
        assert (ended.status, ended.decline_reason) == (ReportedStatus.FAILED, reason)

    async def test_an_authentication_can_be_ended(self, bank: Bank) -> None:
        waiting = await authorized(bank, REQUIRES_ACTION, capture=True)
        ended = await bank.processor.void_payment(waiting.payment_id, key=f"{waiting.key}_void")
        assert ended.status is ReportedStatus.CANCELED

    async def test_figures_are_the_processors_own(self, bank: Bank) -> None:
        assert (await authorized(bank, OTHER_AMOUNT, capture=True)).price == usd(100_000)
        assert (await authorized(bank, OTHER_CURRENCY, capture=True)).price == Money(amount=1_000, currency="EUR")

    @pytest.mark.parametrize("currency", CURRENCIES)
    async def test_each_currency_arrives_as_it_was_meant(self, bank: Bank, currency: str) -> None:
        price = Money(amount=123_000, currency=currency)
        paid = await authorized(bank, price=price, capture=True)
        assert (paid.price, paid.amount_captured) == (price, 123_000)

    async def test_refunds_never_exceed_what_was_captured(self, bank: Bank) -> None:
        paid = await authorized(bank, capture=True)
        for amount in (600, 400):
            made = await bank.processor.refund(paid.payment_id, usd(amount), key=new_id("ref"))
            assert (made.status, made.price) == (ReportedRefundStatus.SUCCEEDED, usd(amount))
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.refund(paid.payment_id, usd(1), key=new_id("ref"))
        after = await bank.processor.get_payment(paid.payment_id)
        assert (after.amount_refunded, len(after.refunds)) == (1_000, 2)

    async def test_a_lost_answer_to_a_refund_refunds_once(self, bank: Bank) -> None:
        paid = await authorized(bank, REFUND_SILENT_ONCE, capture=True)
        refund_id = new_id("ref")
        made = await answered(lambda: bank.processor.refund(paid.payment_id, usd(600), key=refund_id))
        assert made.key == refund_id
        assert (await bank.processor.get_payment(paid.payment_id)).amount_refunded == 600

    async def test_a_refund_that_failed_gives_its_room_back(self, bank: Bank) -> None:
        paid = await authorized(bank, REFUND_NEVER, capture=True)
        made = await bank.processor.refund(paid.payment_id, usd(1_000), key=new_id("ref"))
        assert (made.status, bool(made.failure_reason)) == (ReportedRefundStatus.FAILED, True)
        assert (await bank.processor.get_payment(paid.payment_id)).amount_refunded == 0

    @pytest.mark.parametrize(
        ("number", "first", "later"),
        [
            (REFUND_FAILS_LATER, ReportedRefundStatus.SUCCEEDED, ReportedRefundStatus.FAILED),
            (REFUND_PENDING, ReportedRefundStatus.PENDING, ReportedRefundStatus.SUCCEEDED),
        ],
    )
    async def test_a_refund_may_change_later(
        self, bank: Bank, number: str, first: ReportedRefundStatus, later: ReportedRefundStatus
    ) -> None:
        paid = await authorized(bank, number, capture=True)
        made = await bank.processor.refund(paid.payment_id, usd(100), key=new_id("ref"))
        assert made.status is first
        assert (await bank.processor.get_refund(made.refund_id)).status is later

    async def test_a_disputed_payment_says_so_and_is_not_refunded(self, bank: Bank) -> None:
        paid = await authorized(bank, DISPUTED, capture=True)
        dispute = (await bank.processor.get_payment(paid.payment_id)).dispute
        assert dispute is not None
        assert (dispute.status, dispute.price, dispute.payment_id) == ("needs_response", usd(1_000), paid.payment_id)
        assert await bank.processor.get_dispute(dispute.dispute_id) == dispute
        with pytest.raises(ProcessorRejectedError):
            await bank.processor.refund(paid.payment_id, usd(1), key=new_id("ref"))

    async def test_what_does_not_exist_is_a_refusal(self, bank: Bank) -> None:
        for ask in (bank.processor.get_refund("re_none"), bank.processor.get_dispute("dp_none")):
            with pytest.raises(ProcessorRejectedError):
                await ask


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Bank]:
    async with simulated_bank() as opened:
        yield opened


@pytest.fixture(scope="module")
async def stripe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bank]:
    async with stripe_bank(tmp_path_factory.mktemp("localstripe")) as opened:
        yield opened


class TestSimulatedProcessor(ProcessorContract):
    """The simulator."""

    @pytest.fixture
    def bank(self, simulator: Bank) -> Bank:
        return simulator


class TestStripeProcessor(ProcessorContract):
    """Stripe, over localstripe and the wrapper."""

    reasons = (DeclineReason.INSUFFICIENT_FUNDS, DeclineReason.LOST_CARD, DeclineReason.EXPIRED_CARD)

    @pytest.fixture
    def bank(self, stripe: Bank) -> Bank:
        return stripe

"""Carding: after too many declines no path to a card reaches the processor for a while."""

import asyncio
from datetime import timedelta

import pytest

from services.payments.domain import ChargeState
from services.payments.domain.carding import CardAttempt
from services.payments.errors import CardAttemptsExceededError, CardDeclinedError
from services.payments.ports import SimulatedProcessor
from services.payments.service.carding import REFRESH_AFTER
from shared.observe import render_metrics
from tests.integration.payments.harness import ADA, BOB, WEBHOOK_SECRET, PaymentsHarness
from tests.support import RawWriter
from tests.support.cards import ACTION_FAILS, DECLINED, DECLINED_LATER, MASTERCARD
from tests.support.webhooks import build_event, sign_event


async def declined_charges(house: PaymentsHarness, card_id: str, count: int) -> str:
    """Have that many charges declined; return the id of the last one."""
    for _ in range(count):
        with pytest.raises(CardDeclinedError):
            await house.charge(card_id, client_address="192.0.2.1")
    [last] = await house.charge_service.list_by_account(ADA, after=None, limit=1)
    return last.charge_id


async def test_b4_08_declined_charges_make_every_charge_of_the_account_wait(house: PaymentsHarness) -> None:
    good, bad = await house.card(), await house.card(DECLINED_LATER)
    await declined_charges(house, bad, 6)
    with pytest.raises(CardAttemptsExceededError) as refused:
        await house.charge(good)
    assert refused.value.retry_after == 60
    house.clock.advance(timedelta(minutes=1))
    assert (await house.charge(good)).state is ChargeState.CAPTURED


async def test_b4_08_another_attempt_at_a_failed_charge_is_counted_and_waits_too(house: PaymentsHarness) -> None:
    good, bad = await house.card(), await house.card(DECLINED_LATER)
    charge_id = await declined_charges(house, bad, 1)
    for number in range(5):
        with pytest.raises(CardDeclinedError):
            await house.charge_service.create_attempt(
                ADA, charge_id, bad, idempotency_key=f"try {number}", at=house.clock()
            )
    with pytest.raises(CardAttemptsExceededError):
        await house.charge_service.create_attempt(ADA, charge_id, good, idempotency_key="last", at=house.clock())


async def test_b4_08_declined_cards_make_every_way_to_store_one_wait(house: PaymentsHarness) -> None:
    for _ in range(6):
        with pytest.raises(CardDeclinedError):
            await house.card(DECLINED)
    with pytest.raises(CardAttemptsExceededError):
        await house.card()
    with pytest.raises(CardAttemptsExceededError):
        await house.card_setup_service.start(ADA, at=house.clock())


async def test_b4_09_declines_of_many_accounts_at_one_address_block_are_seen(house: PaymentsHarness) -> None:
    for number in range(16):
        account_id = f"acc_{number}"
        with pytest.raises(CardDeclinedError):
            await house.card_service.tokenize(
                account_id,
                house.jwe(DECLINED, account_id=account_id),
                at=house.clock(),
                client_address=f"192.0.2.{number}",
            )
    with pytest.raises(CardAttemptsExceededError):
        await house.card_service.tokenize(ADA, house.jwe(), at=house.clock(), client_address="192.0.2.99")
    assert await house.card()


async def test_b4_09_declines_of_many_cards_of_one_issuer_are_seen(house: PaymentsHarness) -> None:
    for number in range(41):
        attempt = CardAttempt(account_id=f"acc_{number}", address=f"203.0.{number}.1", number_start=f"424242{number}")
        await house.carding.record_decline(attempt, decline_id=f"decline {number}", at=house.clock())
    with pytest.raises(CardAttemptsExceededError) as refused:
        await house.card()
    assert refused.value.retry_after == 30
    assert await house.card(MASTERCARD)


async def test_a_repeated_request_is_one_decline(house: PaymentsHarness) -> None:
    bad = await house.card(DECLINED_LATER)
    for _ in range(12):
        with pytest.raises(CardDeclinedError):
            await house.charge(bad, idempotency_key="one")
    assert (await house.charge(await house.card())).state is ChargeState.CAPTURED


async def decline_cards(house: PaymentsHarness, count: int, account_id: str = ADA, **known: str) -> None:
    """Have cards of an account declined when they are stored."""
    for number in range(count):
        attempt = CardAttempt(
            account_id=account_id, address=known.get("address", ""), number_start=known.get("bin", "")
        )
        await house.carding.record_decline(attempt, decline_id=f"decline {number}", at=house.clock())


async def test_b4_08_the_counts_of_all_processes_are_one(house: PaymentsHarness) -> None:
    others = [PaymentsHarness(house.database, house.clock, house.processor) for _ in range(3)]
    for each in others:
        assert await each.card()  # each has read the waits
    await asyncio.gather(*(decline_cards(each, 2) for each in others))
    assert await house.card(), "the same two declines, reported three times"
    for number in range(4):
        attempt = CardAttempt(account_id=ADA, address="")
        other = others[number % 3]
        await other.carding.record_decline(attempt, decline_id=f"another {number}", at=house.clock())
    house.clock.advance(REFRESH_AFTER)
    for each in (house, *others):
        with pytest.raises(CardAttemptsExceededError):
            await each.card()


async def test_b4_08_a_restart_forgets_nothing(house: PaymentsHarness) -> None:
    await decline_cards(house, 6)
    restarted = PaymentsHarness(house.database, house.clock, house.processor)
    with pytest.raises(CardAttemptsExceededError) as refused:
        await restarted.card()
    assert refused.value.retry_after == 60
    assert 'candor_payments_carding_refusals_total{scope="account"}' in render_metrics()[0].decode()


async def test_b4_08_a_repeated_declined_tokenization_is_one_decline(house: PaymentsHarness) -> None:
    jwe = house.jwe(DECLINED)
    for _ in range(12):
        with pytest.raises(CardDeclinedError):
            await house.card_service.tokenize(ADA, jwe, at=house.clock(), client_address="192.0.2.1")
    assert await house.card()


async def test_b4_08_declines_on_the_processors_page_count_once_by_event_and_by_return(house: PaymentsHarness) -> None:
    processor = house.processor
    assert isinstance(processor, SimulatedProcessor)
    setup, url = await house.card_setup_service.start(ADA, at=house.clock())
    page = url.rpartition("/")[2]
    for number in range(6):
        with_page = await house.card_setup_service.complete(ADA, setup.setup_id, at=house.clock())
        assert with_page[1] is None, number
        assert (await processor.choose_card(page, "Declined when it is stored")).endswith(page)
        body = build_event("setup_intent.setup_failed", page.replace("simcp_", "simseti_"))
        signature = sign_event(body, WEBHOOK_SECRET, at=house.clock())
        await house.after_charge.event_service.receive_event(body, signature, at=house.clock())
    with pytest.raises(CardAttemptsExceededError):
        await house.card_setup_service.start(ADA, at=house.clock())
    assert await house.card_setup_service.start(BOB, at=house.clock())


async def test_b4_08_a_decline_that_is_learned_later_counts(house: PaymentsHarness) -> None:
    bad = await house.card(ACTION_FAILS)
    processor = house.processor
    assert isinstance(processor, SimulatedProcessor)
    for _ in range(6):
        waiting = await house.charge(bad)
        await processor.authenticate(waiting.payment_id)
        house.clock.advance(timedelta(minutes=2))
        await house.operator.reconcile_due(at=house.clock())
        assert (await house.reload(waiting)).state is ChargeState.FAILED
    with pytest.raises(CardAttemptsExceededError):
        await house.charge(await house.card())


async def test_what_is_counted_is_kept_under_digests_and_erased_with_the_account(
    house: PaymentsHarness, planter: RawWriter
) -> None:
    await decline_cards(house, 6, address="192.0.2.1", bin="424242")
    stored = [await planter.read_raw(house.database, name) for name in ("decline_tallies", "counted_declines")]
    assert [len(rows) for rows in stored] == [3, 18]
    assert not [text for text in (ADA, "192.0.2", "424242", "decline 1") if text in str(stored)]
    await house.account_eraser.erase(ADA, at=house.clock())
    assert len(await planter.read_raw(house.database, "decline_tallies")) == 2

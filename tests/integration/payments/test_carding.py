"""Carding: after too many declines no path to a card reaches the processor for a while."""

from datetime import timedelta

import pytest

from services.payments.domain import ChargeState
from services.payments.errors import CardAttemptsExceededError, CardDeclinedError
from tests.integration.payments.harness import ADA, PaymentsHarness
from tests.support.cards import DECLINED, DECLINED_LATER


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


async def test_b4_08_declines_of_many_accounts_at_one_address_block_are_seen(house: PaymentsHarness) -> None:
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


async def test_a_repeated_request_is_one_decline(house: PaymentsHarness) -> None:
    bad = await house.card(DECLINED_LATER)
    for _ in range(12):
        with pytest.raises(CardDeclinedError):
            await house.charge(bad, idempotency_key="one")
    assert (await house.charge(await house.card())).state is ChargeState.CAPTURED

"""Staff read cards and payments for a purpose, and the customer sees each read (C21)."""

import pytest

from shared.policy import Purpose
from tests.integration.payments.harness import ADA, BOB, GRACE, PaymentsHarness


@pytest.mark.parametrize("purpose", [Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT])
async def test_C21_a_read_is_an_entry_for_the_ledger(house: PaymentsHarness, purpose: Purpose) -> None:
    charge = await house.charge(await house.card())
    await house.request_refund(charge, 1_000)
    record = await house.after_charge.billing_records.read(ADA, purpose, basis="Case 7", by=GRACE, at=house.clock())
    assert [card.last4 for card in record.cards] == ["4242"]
    assert [each.charge_id for each in record.charges] == [charge.charge_id]
    assert len(record.refunds) == 1
    [entry] = await house.list_accesses()
    assert (entry.entry_id, entry.account_id, entry.recipient_id, entry.purpose, entry.basis) == (
        record.entry_id,
        ADA,
        GRACE,
        purpose.value,
        "Case 7",
    )
    assert {"payments.cards.last4", "payments.cards.exp_month", "payments.charges.description"} <= set(entry.fields)


async def test_C21_a_look_at_an_account_without_payments_is_recorded_too(house: PaymentsHarness) -> None:
    record = await house.after_charge.billing_records.read(
        BOB, Purpose.BILLING_QUESTION, basis="Case 7", by=GRACE, at=house.clock()
    )
    assert (record.cards, record.charges) == ([], [])
    assert len(await house.list_accesses()) == 1

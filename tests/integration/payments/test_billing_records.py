"""Staff read cards and payments for a purpose, and the customer sees each read (C21)."""

import pytest

from services.payments.errors import ChargeNotFoundError
from services.payments.service import StaffChargeService
from shared.bus import Outbox
from shared.ids import new_id
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


async def test_C21_a_capture_and_a_void_by_staff_are_entries_for_the_ledger(house: PaymentsHarness) -> None:
    staff = StaffChargeService(
        charge_service=house.charge_service,
        charges=house.charges,
        outbox=Outbox(house.database, "payments", house.clock),
        transact=house.database.with_transaction,
        new_id=new_id,
    )
    first, second = await house.authorize(), await house.authorize()
    await staff.capture(first.charge_id, 1_000, by=GRACE, at=house.clock())
    await staff.void_charge(second.charge_id, by=GRACE, at=house.clock())
    entries = await house.list_accesses()
    assert {(entry.account_id, entry.recipient_id, entry.basis) for entry in entries} == {
        (ADA, GRACE, first.charge_id),
        (ADA, GRACE, second.charge_id),
    }
    with pytest.raises(ChargeNotFoundError):
        await staff.void_charge("chg_nowhere", by=GRACE, at=house.clock())

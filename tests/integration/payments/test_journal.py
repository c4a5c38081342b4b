"""The journal agrees with the charges; what is planted or missing in it is found."""

from typing import Any

import pytest

from services.payments.domain import Charge
from services.payments.store import JournalEntryDocument
from shared.mongo import DuplicateError
from tests.integration.payments.harness import PaymentsHarness
from tests.support import NOON, RawWriter


async def booked(house: PaymentsHarness, charge: Charge) -> list[str]:
    return sorted(entry.kind.value for entry in await house.journal.list_by_charges([charge.charge_id]))


async def test_a_charge_is_booked_as_captured(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    assert await booked(house, charge) == ["capture"]
    assert await house.find_differences() == ()


async def test_an_authorization_is_booked_and_what_is_not_captured_is_released(house: PaymentsHarness) -> None:
    charge = await house.authorize()
    assert await booked(house, charge) == ["authorization"]
    assert await house.find_differences() == ()
    await house.charge_service.capture(charge.charge_id, 1_000, at=house.clock())
    assert await booked(house, charge) == ["authorization", "capture", "release"]
    assert await house.find_differences() == ()


async def test_a_voided_authorization_is_released(house: PaymentsHarness) -> None:
    charge = await house.authorize()
    await house.charge_service.void_charge(charge.charge_id, at=house.clock())
    assert await booked(house, charge) == ["authorization", "release"]
    assert await house.find_differences() == ()


async def test_the_same_thing_is_not_booked_twice(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    with pytest.raises(DuplicateError):
        await house.journal.add(await house.journal.list_by_charges([charge.charge_id]))


async def test_a_missing_entry_is_found(house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await house.database.get_collection(JournalEntryDocument).delete_many({})
    assert any(charge.charge_id in phrase for phrase in await house.find_differences())


@pytest.mark.parametrize(
    "planted",
    [
        {"lines": [{"account": "sales", "amount": -5}, {"account": "processor", "amount": 5}]},
        {"lines": [{"account": "sales", "amount": -5}]},
        {"currency": "EUR", "lines": []},
    ],
    ids=["one entry too many", "lines that do not total zero", "another currency"],
)
async def test_a_planted_entry_is_found(house: PaymentsHarness, planter: RawWriter, planted: dict[str, Any]) -> None:
    charge = await house.charge(await house.card())
    entry = {
        "_id": "capture:planted",
        "kind": "capture",
        "charge_id": charge.charge_id,
        "source_id": "planted",
        "currency": "USD",
        "recorded_at": NOON,
        **planted,
    }
    await planter.write_raw(house.database, "journal_entries", entry)
    assert await house.find_differences() != ()


async def test_a_changed_charge_is_found(house: PaymentsHarness, planter: RawWriter) -> None:
    charge = await house.charge(await house.card())
    rows = planter.client[house.database.name]["charges"]
    await rows.update_one({"_id": charge.charge_id}, {"$set": {"amount_refunded": 1}})
    assert await house.find_differences() == (f"{charge.charge_id}: its refunds total 0, not 1",)

"""C18: a card number that is planted anywhere in the database of payments is seen."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.payments.promises import PaymentsProbes
from services.payments.store import DOCUMENTS
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.mongo import Document
from shared.policy import PromiseState
from shared.promises.card_scan import CardScanResult
from tests.integration.payments.harness import PaymentsHarness
from tests.support import NOON, RawWriter
from tests.support.cards import VISA

ALL: tuple[type[Document], ...] = (*CHASSIS_DOCUMENTS, *DOCUMENTS)


@pytest.fixture
async def probes(house: PaymentsHarness, tmp_path: Path) -> PaymentsProbes:
    await house.database.ensure_collections(ALL)
    await house.charge(await house.card())
    return PaymentsProbes(db=house.database, documents=ALL, scan_file=tmp_path / "card-scan.json", clock=house.clock)


async def test_C18_what_is_stored_as_promised_is_kept(probes: PaymentsProbes) -> None:
    found = await probes.only_what_billing_needs()
    assert (found.state, found.sample_size > 0) == (PromiseState.KEPT, True)


async def test_C18_a_number_planted_in_any_collection_is_seen(
    probes: PaymentsProbes, house: PaymentsHarness, planter: RawWriter
) -> None:
    for document in ALL:
        await planter.write_raw(house.database, document.collection, {"_id": "planted", "note": f"card {VISA}"})
        assert (await probes.only_what_billing_needs()).state is PromiseState.BROKEN, document.collection
        await house.database.get_collection(document).delete_many({"_id": "planted"})


CARD: dict[str, Any] = {
    "_id": "tok_planted",
    "account_id": "acc_1",
    "last4": "4242",
    "exp_month": 12,
    "exp_year": 2030,
    "brand": "visa",
    "processor_ref": f"sim_pays_{'0' * 26}",
    "created_at": NOON,
}


@pytest.mark.parametrize(
    "changed",
    [
        {"security_code": "737"},
        {"fingerprint": "ab" * 32},
        {"last4": "424242"},
        {"processor_ref": base64.b64encode(VISA.encode()).decode()},
        {"processor_ref": VISA.encode().hex()},
        {"account_id": "4242-4242-4242-4242"},
    ],
    ids=["a code", "a fingerprint", "six digits", "base64", "hex", "dashes"],
)
async def test_C18_more_of_a_card_than_four_digits_is_seen(
    probes: PaymentsProbes, house: PaymentsHarness, planter: RawWriter, changed: dict[str, Any]
) -> None:
    await planter.write_raw(house.database, "cards", {**CARD, **changed})
    assert (await probes.only_what_billing_needs()).state is PromiseState.BROKEN


def scanned(*found: str, age: timedelta = timedelta(minutes=5)) -> str:
    items = {"database journal": 3, "logs": 12}
    return CardScanResult(finished_at=NOON - age, items=items, size=1_000, found=found).to_json()


@pytest.mark.parametrize("place", ["database journal", "logs", "broker", "mails", "metrics", "traces", "backups"])
async def test_C18_what_the_scan_of_the_installation_found_breaks_it(probes: PaymentsProbes, place: str) -> None:
    probes.scan_file.write_text(scanned(f"{place}: a file: base64 > digits (…4242)"))
    found = await probes.only_what_billing_needs()
    assert (found.state, found.evidence) == (PromiseState.BROKEN, f"a card number is stored in: {place}")


async def test_C18_a_scan_that_found_nothing_is_part_of_the_evidence(probes: PaymentsProbes) -> None:
    probes.scan_file.write_text(scanned())
    found = await probes.only_what_billing_needs()
    assert found.state is PromiseState.KEPT
    assert "no card number in 2 kinds of places" in found.evidence


async def test_C18_books_that_agree_are_part_of_the_evidence(probes: PaymentsProbes, house: PaymentsHarness) -> None:
    charge = await house.charge(await house.card())
    await house.refund(charge, 1_000)
    await house.authorize()
    found = await probes.only_what_billing_needs()
    assert (found.state, "the books of 3 charges agree" in found.evidence) == (PromiseState.KEPT, True)


@pytest.mark.parametrize(
    ("collection", "change"),
    [
        ("journal_entries", {"currency": "EUR"}),
        ("journal_entries", {"lines": [{"account": "sales", "amount": -5}]}),
        ("charges", {"amount_captured": 1}),
        ("charges", {"amount_refunded": 1}),
    ],
    ids=["another currency", "a one-sided entry", "another amount", "a refund too many"],
)
async def test_C18_a_difference_that_is_planted_in_the_books_is_seen(
    probes: PaymentsProbes, house: PaymentsHarness, planter: RawWriter, collection: str, change: dict[str, Any]
) -> None:
    rows = planter.client[house.database.name][collection]
    await rows.update_one({}, {"$set": change}, bypass_document_validation=True)
    found = await probes.only_what_billing_needs()
    assert found.state is PromiseState.BROKEN
    assert found.evidence.endswith("do not agree")


async def test_C18_an_entry_of_a_charge_that_does_not_exist_is_seen(
    probes: PaymentsProbes, house: PaymentsHarness, planter: RawWriter
) -> None:
    [entry] = await planter.read_raw(house.database, "journal_entries")
    stray = {**entry, "_id": "capture:att_stray", "charge_id": "chg_stray"}
    await planter.write_raw(house.database, "journal_entries", stray)
    assert (await probes.only_what_billing_needs()).state is PromiseState.BROKEN


async def test_C18_books_are_compared_while_they_move(probes: PaymentsProbes, house: PaymentsHarness) -> None:
    charges = [await house.charge(await house.card()) for _ in range(4)]
    refunds = asyncio.gather(*(house.refund(charge, 100) for charge in charges))
    assert [(await probes.books_agree()).state for _ in range(5)] == [PromiseState.KEPT] * 5
    assert len(await refunds) == 4


@pytest.mark.parametrize("content", [scanned("logs: x", age=timedelta(days=2)), "{", "[]", '{"found": []}'])
async def test_C18_an_old_or_broken_result_of_a_scan_says_nothing(probes: PaymentsProbes, content: str) -> None:
    probes.scan_file.write_text(content)
    found = await probes.only_what_billing_needs()
    assert (found.state, "scan of" in found.evidence) == (PromiseState.KEPT, False)

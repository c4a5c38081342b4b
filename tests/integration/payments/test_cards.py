"""Cards: decrypted once, for one account, in time; stored as four digits and an expiry date (C18)."""

from datetime import timedelta

import pytest

from services.payments.domain import CardDetails, ReportedCard
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardPayloadRejectedError,
    InvalidCardError,
    ProcessorUnavailableError,
)
from services.payments.ports import ProcessorTimeoutError, SimulatedProcessor
from shared.ids import new_id
from tests.integration.payments.harness import ADA, BOB, PaymentsHarness
from tests.support import RawWriter
from tests.support.cards import DECLINED, SECURITY_CODE, VISA, sealed, typed


async def test_C18_only_four_digits_and_a_date_are_stored(house: PaymentsHarness, planter: RawWriter) -> None:
    await house.card()
    [row] = await planter.read_raw(house.database, "cards")
    assert (row["last4"], row["brand"]) == (VISA[-4:], "visa")
    everything = str(
        [await planter.read_raw(house.database, name) for name in ("cards", "used_card_payloads", "outbox")]
    )
    assert VISA not in everything
    assert f"'{SECURITY_CODE}'" not in everything


async def test_C18_the_store_refuses_more_of_a_card(house: PaymentsHarness, planter: RawWriter) -> None:
    await house.card()
    [row] = await planter.read_raw(house.database, "cards")
    rows = planter.client[house.database.name]["cards"]
    for more in ({"number": VISA}, {"last4": VISA}, {"last4": "42424"}, {"security_code": SECURITY_CODE}):
        with pytest.raises(Exception, match=r"validation|Document failed"):
            await rows.insert_one({**row, "_id": new_id("tok"), **more})


async def test_a_card_that_was_used_is_refused(house: PaymentsHarness) -> None:
    jwe = house.jwe()
    await house.card_service.tokenize(ADA, jwe, idempotency_key="one", at=house.clock())
    with pytest.raises(CardPayloadRejectedError):
        await house.card_service.tokenize(ADA, jwe, idempotency_key="two", at=house.clock())


async def test_a_repetition_of_the_same_request_keeps_one_card(house: PaymentsHarness) -> None:
    jwe = house.jwe()
    tries = [await house.card_service.tokenize(ADA, jwe, idempotency_key="one", at=house.clock()) for _ in range(2)]
    assert tries[0] == tries[1]
    assert len(await house.card_service.list_by_account(ADA, after=None, limit=5)) == 1


async def test_a_card_of_another_account_is_refused(house: PaymentsHarness) -> None:
    with pytest.raises(CardPayloadRejectedError):
        await house.card_service.tokenize(BOB, house.jwe(account_id=ADA), idempotency_key="one", at=house.clock())


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(timedelta(minutes=10), True), (timedelta(minutes=10, seconds=1), False), (-timedelta(seconds=61), False)],
    ids=["just in time", "too old", "from the future"],
)
async def test_a_card_is_good_for_ten_minutes(house: PaymentsHarness, ahead: timedelta, *, taken: bool) -> None:
    jwe = house.jwe()
    try:
        await house.card_service.tokenize(ADA, jwe, idempotency_key="one", at=house.clock() + ahead)
    except CardPayloadRejectedError:
        assert not taken
    else:
        assert taken


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "4242424242424241"},
        {"number": ""},
        {"number": None},
        {"number": {"a": 1}},
        {"exp_month": 1e400},
        {"exp_month": "x"},
        {"exp_year": 26},
        {"exp_year": 10**30},
        {"security_code": ""},
        {"issued_at": "2027-01-04T12:00:00"},
        {"issued_at": "yesterday"},
        {"issued_at": None},
    ],
)
async def test_what_is_no_card_is_refused_by_one_code(house: PaymentsHarness, changed: dict[str, object]) -> None:
    with pytest.raises(InvalidCardError) as refusal:
        await house.card_service.tokenize(ADA, house.jwe(**changed), idempotency_key="one", at=house.clock())  # type: ignore[arg-type] # a table of wrong types
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("missing", ["number", "exp_month", "security_code", "issued_at", "account_id"])
async def test_a_card_without_a_field_is_refused(house: PaymentsHarness, missing: str) -> None:
    fields = {name: value for name, value in typed(ADA, house.clock()).items() if name != missing}
    with pytest.raises((InvalidCardError, CardPayloadRejectedError)):
        await house.card_service.tokenize(
            ADA, sealed(house.decrypter.public_jwk(), fields), idempotency_key="one", at=house.clock()
        )


async def test_a_declined_card_is_not_stored(house: PaymentsHarness) -> None:
    with pytest.raises(CardDeclinedError):
        await house.card(DECLINED)
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == []


class UnavailableProcessor(SimulatedProcessor):
    """Does not answer when a card is stored, until it is told to."""

    answers = False

    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        if not self.answers:
            raise ProcessorTimeoutError
        return await super().tokenize(card, key=key)


async def test_a_card_is_stored_by_a_repetition_when_the_processor_did_not_answer(house: PaymentsHarness) -> None:
    processor = UnavailableProcessor()
    house = PaymentsHarness(house.database, house.clock, processor)
    jwe = house.jwe()
    with pytest.raises(ProcessorUnavailableError) as unavailable:
        await house.card_service.tokenize(ADA, jwe, idempotency_key="one", at=house.clock())
    assert unavailable.value.retry_after
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == []
    processor.answers = True
    card = await house.card_service.tokenize(ADA, jwe, idempotency_key="one", at=house.clock())
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == [card]


async def test_a_card_is_deleted_by_its_owner_alone(house: PaymentsHarness) -> None:
    card_id = await house.card()
    with pytest.raises(CardNotFoundError):
        await house.card_service.delete(BOB, card_id)
    await house.card_service.delete(ADA, card_id)
    with pytest.raises(CardNotFoundError):
        await house.charge(card_id)

"""Cards: decrypted once, for one account, in time; stored as four digits and an expiry date (C18)."""

import asyncio
from datetime import timedelta

import pytest
from pymongo.errors import PyMongoError

from services.payments.domain import Brand, Card, CardDetails, ReportedCard
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardStampRejectedError,
    InvalidCardError,
    ProcessorUnavailableError,
)
from services.payments.ports import ProcessorTimeoutError, SimulatedProcessor
from shared.ids import new_id
from tests.integration.payments.harness import ADA, BOB, PaymentsHarness
from tests.support import NOON, RawWriter
from tests.support.cards import DECLINED, MASTERCARD, SECURITY_CODE, VISA, sealed, typed


async def test_C18_only_four_digits_and_a_date_are_stored(house: PaymentsHarness, planter: RawWriter) -> None:
    await house.card()
    [row] = await planter.read_raw(house.database, "cards")
    assert (row["last4"], row["brand"]) == (VISA[-4:], "visa")
    everything = str([await planter.read_raw(house.database, name) for name in ("cards", "used_card_stamps", "outbox")])
    assert VISA not in everything
    assert f"'{SECURITY_CODE}'" not in everything


async def test_b4_15_the_store_refuses_more_of_a_card(house: PaymentsHarness, planter: RawWriter) -> None:
    await house.card()
    [row] = await planter.read_raw(house.database, "cards")
    rows = planter.client[house.database.name]["cards"]
    taken = []
    for name, value in (
        *((name, VISA) for name in (*row, "number", "pan", "fingerprint", "number_hash") if name != "_id"),
        *(("last4", each) for each in ("42424", "424", "x242", int(VISA[-4:]))),
        *((name, int(VISA)) for name in ("exp_month", "exp_year")),
        ("security_code", SECURITY_CODE),
    ):
        try:
            await rows.insert_one({**row, "_id": new_id("tok"), name: value})
        except PyMongoError:
            continue
        taken.append(name)
    assert taken == [], "the validator of the database lets more of a card in"


async def test_a_card_that_was_used_is_refused(house: PaymentsHarness) -> None:
    jwe = house.jwe()
    await house.tokenize(ADA, jwe, at=house.clock())
    with pytest.raises(CardStampRejectedError):
        await house.tokenize(ADA, jwe, at=house.clock())


async def test_a_card_of_another_account_is_refused(house: PaymentsHarness) -> None:
    with pytest.raises(CardStampRejectedError):
        await house.tokenize(BOB, house.jwe(account_id=ADA), at=house.clock())


@pytest.mark.parametrize(
    ("later", "taken"),
    [(timedelta(), True), (timedelta(minutes=9, seconds=59), True), (timedelta(minutes=10), False)],
    ids=["at once", "just in time", "too late"],
)
async def test_b4_06_a_stamp_is_good_for_ten_minutes_of_the_server(
    house: PaymentsHarness, later: timedelta, *, taken: bool
) -> None:
    jwe = house.jwe()
    try:
        await house.tokenize(ADA, jwe, at=house.clock() + later)
    except CardStampRejectedError:
        assert not taken
    else:
        assert taken


async def test_b4_06_a_stamp_is_used_once_even_for_another_card(house: PaymentsHarness) -> None:
    issued = house.card_service.issue_encryption(ADA, at=house.clock())
    first, second = (
        sealed(issued.keys[0], typed(issued.stamp, house.clock(), number=number)) for number in (VISA, MASTERCARD)
    )
    await house.tokenize(ADA, first, at=house.clock())
    with pytest.raises(CardStampRejectedError):
        await house.tokenize(ADA, second, at=house.clock())


async def test_b4_06_of_many_posts_of_one_card_at_once_one_stores_it(house: PaymentsHarness) -> None:
    jwe = house.jwe()
    answers = await asyncio.gather(
        *(house.tokenize(ADA, jwe, at=house.clock()) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Card) for answer in answers) == 1
    assert sum(isinstance(answer, CardStampRejectedError) for answer in answers) == 7


@pytest.mark.parametrize("stamp", ["", "x", "key_link.AAAA", "é" * 20, "x" * 2_000])
async def test_a_stamp_that_we_did_not_issue_is_refused(house: PaymentsHarness, stamp: str) -> None:
    with pytest.raises(CardStampRejectedError):
        await house.tokenize(ADA, house.jwe(stamp=stamp), at=house.clock())


async def test_a_token_of_another_kind_is_no_stamp(house: PaymentsHarness) -> None:
    claims = {"account": ADA, "stamp": "stp_1"}
    token = house.card_service.token_sealer.issue("another.kind", claims, expires_at=NOON + timedelta(days=1))
    with pytest.raises(CardStampRejectedError):
        await house.tokenize(ADA, house.jwe(stamp=token), at=house.clock())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"number": "4242424242424241"}, "number"),
        ({"number": "0000000000000000"}, "number"),
        ({"number": ""}, "number"),
        ({"number": None}, "number"),
        ({"number": 4242424242424242}, "number"),
        ({"number": {"a": 1}}, "number"),
        ({"number": "42424242424242424242"}, "number"),
        ({"exp_month": 1e400}, "exp_month"),
        ({"exp_month": "12"}, "exp_month"),
        ({"exp_month": True}, "exp_month"),
        ({"exp_month": 13}, "exp_month"),
        ({"exp_month": 0}, "exp_month"),
        ({"exp_year": NOON.year, "exp_month": NOON.month - 1 or 13}, "exp_month"),
        ({"exp_year": 26}, "exp_year"),
        ({"exp_year": 10**30}, "exp_year"),
        ({"security_code": ""}, "security_code"),
        ({"security_code": 737}, "security_code"),
        ({"security_code": "73a"}, "security_code"),
        ({"stamp": None}, "stamp"),
        ({"cvc": "737"}, "*"),
    ],
)
async def test_b4_16_what_is_no_card_is_refused_by_one_code_that_names_the_member(
    house: PaymentsHarness, changed: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidCardError) as refusal:
        await house.tokenize(ADA, house.jwe(**changed), at=house.clock())  # type: ignore[arg-type] # a table of wrong types
    assert refusal.value.__cause__ is None
    assert [problem.field for problem in refusal.value.fields] == [named]
    assert "4242" not in f"{refusal.value.fields} {refusal.value.detail}"


@pytest.mark.parametrize("missing", ["number", "exp_month", "exp_year", "security_code", "stamp"])
async def test_a_card_without_a_member_is_refused(house: PaymentsHarness, missing: str) -> None:
    issued = house.card_service.issue_encryption(ADA, at=house.clock())
    members = {name: value for name, value in typed(issued.stamp, house.clock()).items() if name != missing}
    with pytest.raises(InvalidCardError) as refusal:
        await house.tokenize(ADA, sealed(issued.keys[0], members), at=house.clock())
    assert [problem.field for problem in refusal.value.fields] == [missing]


async def test_b4_17_a_card_is_good_until_the_last_day_of_its_month(house: PaymentsHarness) -> None:
    last = house.jwe(exp_month=NOON.month, exp_year=NOON.year)
    assert (await house.tokenize(ADA, last, at=house.clock())).exp_year == NOON.year


async def test_an_unknown_card_goes_to_the_processor_and_is_kept_without_a_network(house: PaymentsHarness) -> None:
    card = await house.tokenize(ADA, house.jwe("2721000000000004"), at=house.clock())
    assert (card.brand, card.last4) == (Brand.UNKNOWN, "0004")


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
        await house.tokenize(ADA, jwe, at=house.clock())
    assert unavailable.value.retry_after
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == []
    processor.answers = True
    card = await house.tokenize(ADA, jwe, at=house.clock())
    assert await house.card_service.list_by_account(ADA, after=None, limit=5) == [card]


async def test_a_card_is_deleted_by_its_owner_alone(house: PaymentsHarness) -> None:
    card_id = await house.card()
    with pytest.raises(CardNotFoundError):
        await house.card_service.delete(BOB, card_id)
    await house.card_service.delete(ADA, card_id)
    with pytest.raises(CardNotFoundError):
        await house.charge(card_id)

"""Prepared writes are one transaction: all are stored, or none, and the failed one says why."""

import asyncio
from typing import ClassVar

import pytest

from shared.errors import ConflictError
from shared.mongo import (
    Change,
    Database,
    Document,
    DuplicateError,
    Index,
    Insert,
    Replace,
    SchemaValidationError,
    TransactionMisuseError,
    Write,
)


class SeatDocument(Document):
    collection: ClassVar[str] = "seats"
    indexes: ClassVar[tuple[Index, ...]] = (Index("place", unique=True),)

    place: str
    taken_count: int = 0


class GuestDocument(Document):
    collection: ClassVar[str] = "guests"

    name: str


class TakenError(ConflictError):
    """The seat is taken."""

    code = "demo.seat.taken"


class MissingError(ConflictError):
    """There is no such seat."""

    code = "demo.seat.missing"


ADA = GuestDocument(id="guest_ada", name="Ada")
SEAT = SeatDocument(id="seat_1", place="A1")
LOCK = Change(SeatDocument, "seat_1", {"$inc": {"taken_count": 1}}, on_missing=MissingError)


@pytest.fixture
async def hall(database: Database) -> Database:
    await database.ensure_collections([SeatDocument, GuestDocument])
    return database


async def counts(hall: Database) -> tuple[int, int]:
    seats, guests = (hall.get_collection(kind) for kind in (SeatDocument, GuestDocument))
    return await seats.count_documents({}), await guests.count_documents({})


async def test_all_writes_are_stored_as_by_themselves(hall: Database) -> None:
    await hall.commit_writes([Insert(SEAT), LOCK, Insert(ADA)])
    renamed = ADA.model_copy(update={"name": "Ada Lovelace"})
    await hall.commit_writes([Replace(renamed, {"name": "Ada"}, on_missing=MissingError)])
    assert await hall.get_collection(SeatDocument).get("seat_1") == SEAT.model_copy(update={"taken_count": 1})
    assert await hall.get_collection(GuestDocument).get("guest_ada") == renamed


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (Insert(SeatDocument(id="seat_2", place="A1"), on_duplicate=TakenError), TakenError),
        (Insert(SeatDocument(id="seat_2", place="A1")), DuplicateError),
        (Insert(SEAT, on_duplicate=TakenError), TakenError),
        (Change(SeatDocument, "seat_9", {"$inc": {"taken_count": 1}}, on_missing=MissingError), MissingError),
        (Replace(SEAT, {"place": "B9"}, on_missing=MissingError), MissingError),
        (Change(SeatDocument, "seat_1", {"$set": {"colour": "red"}}, on_missing=MissingError), SchemaValidationError),
    ],
    ids=["a named duplicate", "a duplicate", "an id", "a change", "a replacement", "an undeclared field"],
)
@pytest.mark.parametrize("place", ["first", "last"])
async def test_one_that_fails_undoes_all_and_says_why(
    hall: Database, failing: Write, error: type[Exception], place: str
) -> None:
    await hall.commit_writes([Insert(SEAT)])
    others: list[Write] = [Insert(ADA), LOCK]
    with pytest.raises(error):
        await hall.commit_writes([failing, *others] if place == "first" else [*others, failing])
    assert await counts(hall) == (1, 0)
    assert await hall.get_collection(SeatDocument).get("seat_1") == SEAT


async def test_conflicting_ones_are_repeated_until_each_is_stored(hall: Database) -> None:
    await hall.commit_writes([Insert(SEAT)])
    guests = [GuestDocument(id=f"guest_{number}", name="Ada") for number in range(12)]
    await asyncio.gather(*(hall.commit_writes([LOCK, Insert(guest)]) for guest in guests))
    seat = await hall.get_collection(SeatDocument).get("seat_1")
    assert (seat and seat.taken_count, await counts(hall)) == (12, (1, 12))


async def test_a_cancelled_caller_leaves_all_or_nothing(hall: Database) -> None:
    writing = asyncio.create_task(hall.commit_writes([Insert(SEAT), Insert(ADA)]))
    await asyncio.sleep(0.001)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await counts(hall) in {(0, 0), (1, 1)}


async def test_they_have_a_transaction_of_their_own(hall: Database) -> None:
    with pytest.raises(TransactionMisuseError):
        await hall.with_transaction(lambda: hall.commit_writes([Insert(SEAT)]))
    assert await counts(hall) == (0, 0)

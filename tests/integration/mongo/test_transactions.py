"""All or nothing, on the real wire: under contention, under errors, under cancellation."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

import pytest

from shared.mongo import (
    Collection,
    Database,
    Document,
    DuplicateError,
    Index,
    TransactionMisuseError,
    WriteConflictError,
    abort_all_transactions,
    open_database,
)


class Purse(Document):
    collection: ClassVar[str] = "purses"
    indexes: ClassVar[tuple[Index, ...]] = (Index("owner", unique=True, partial={"owner": {"$type": "string"}}),)

    coins: int = 0
    owner: str | None = None


class BurstError(Exception):
    """Something that the work itself raises."""


@pytest.fixture
async def purses(database: Database) -> Collection[Purse]:
    await database.ensure_collections([Purse])
    return database.get_collection(Purse)


@pytest.fixture
async def elsewhere(database: Database, mongo_url: str, mongo_driver: str) -> AsyncIterator[Collection[Purse]]:
    """The same collection seen by another process."""
    async with open_database(mongo_url, database.name, driver=mongo_driver) as other:
        yield other.get_collection(Purse)


async def add_one(purses: Collection[Purse]) -> None:
    purse = await purses.get("mine")
    assert purse is not None
    await asyncio.sleep(0)
    await purses.replace_one(Purse(id="mine", coins=purse.coins + 1))


async def test_twenty_increments_at_once_lose_none(database: Database, purses: Collection[Purse]) -> None:
    await purses.insert_one(Purse(id="mine"))
    async with asyncio.timeout(20):
        await asyncio.gather(*(database.with_transaction(lambda: add_one(purses)) for _ in range(20)))
    assert await purses.get("mine") == Purse(id="mine", coins=20)


async def test_without_a_transaction_the_same_increments_do_lose(purses: Collection[Purse]) -> None:
    """The negative control of the test above."""
    await purses.insert_one(Purse(id="mine"))
    await asyncio.gather(*(add_one(purses) for _ in range(20)))
    purse = await purses.get("mine")
    assert purse is not None
    assert purse.coins < 20


async def test_work_that_raises_leaves_nothing(database: Database, purses: Collection[Purse]) -> None:
    async def work() -> None:
        await purses.insert_one(Purse(id="mine"))
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(work)
    assert await purses.count_documents({}) == 0


async def test_nobody_sees_a_change_before_its_commit(
    database: Database, purses: Collection[Purse], elsewhere: Collection[Purse]
) -> None:
    async def work() -> int:
        await purses.insert_one(Purse(id="mine"))
        assert await purses.count_documents({}) == 1
        return await elsewhere.count_documents({})

    assert await database.with_transaction(work) == 0
    assert await elsewhere.count_documents({}) == 1


async def test_every_kind_of_operation_joins(database: Database, purses: Collection[Purse]) -> None:
    await purses.insert_many([Purse(id="mine"), Purse(id="yours")])

    async def work() -> None:
        await purses.insert_one(Purse(id="new"))
        await purses.insert_many([Purse(id="newer")])
        await purses.upsert_one(Purse(id="newest"))
        await purses.update_one({"_id": "mine"}, {"$inc": {"coins": 5}})
        await purses.delete_many({"_id": "yours"})
        seen = [purse.id async for purse in purses.iter_documents({}, sort=["_id"])]
        assert seen == [purse.id for purse in await purses.list({}, sort=["_id"])] == ["mine", "new", "newer", "newest"]
        assert len(await purses.run_pipeline([{"$match": {}}])) == 4
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(work)
    assert await purses.list({}, sort=["_id"]) == [Purse(id="mine"), Purse(id="yours")]


async def test_a_nested_transaction_is_a_part_of_the_outer_one(database: Database, purses: Collection[Purse]) -> None:
    async def part() -> None:
        await purses.insert_one(Purse(id="part"))

    async def whole() -> None:
        await database.with_transaction(part)
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(whole)
    assert await purses.count_documents({}) == 0


async def test_a_part_that_failed_cannot_be_passed_over(database: Database, purses: Collection[Purse]) -> None:
    async def part() -> None:
        await purses.insert_one(Purse(id="half"))
        raise BurstError

    async def whole() -> None:
        with pytest.raises(BurstError):
            await database.with_transaction(part)

    with pytest.raises(TransactionMisuseError, match="must leave it"):
        await database.with_transaction(whole)
    assert await purses.count_documents({}) == 0


async def test_a_duplicate_that_is_caught_inside_is_told_at_once(database: Database, purses: Collection[Purse]) -> None:
    """MongoDB has aborted the transaction by then: going on would run into an error that blames something else."""
    await purses.insert_one(Purse(id="mine"))

    async def work() -> None:
        with pytest.raises(DuplicateError):
            await purses.insert_one(Purse(id="mine"))
        await purses.insert_one(Purse(id="other"))

    with pytest.raises(TransactionMisuseError, match="must leave it"):
        await database.with_transaction(work)
    assert await purses.count_documents({}) == 1


async def test_two_operations_at_once_inside_are_refused(database: Database, purses: Collection[Purse]) -> None:
    async def work() -> None:
        await asyncio.gather(purses.insert_one(Purse(id="a")), purses.insert_one(Purse(id="b")))

    with pytest.raises(TransactionMisuseError, match="one operation at a time"):
        await database.with_transaction(work)
    assert await purses.count_documents({}) == 0


async def test_callbacks_run_once_and_only_after_the_commit(
    database: Database, purses: Collection[Purse], elsewhere: Collection[Purse]
) -> None:
    told: list[str] = []
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        database.after_commit(lambda: told.append("committed"))
        await purses.get("mine")
        if runs == 1:  # what the first run saw is no longer so: it collides and is run again
            await asyncio.create_task(elsewhere.update_one({"_id": "mine"}, {"$inc": {"coins": 1}}))
        await purses.update_one({"_id": "mine"}, {"$inc": {"coins": 10}})
        assert told == []

    await purses.insert_one(Purse(id="mine"))
    await database.with_transaction(work)
    assert (runs, told) == (2, ["committed"])
    assert await purses.get("mine") == Purse(id="mine", coins=11)


async def test_the_callbacks_of_work_that_raises_never_run(database: Database, purses: Collection[Purse]) -> None:
    told: list[str] = []

    async def work() -> None:
        database.after_commit(lambda: told.append("committed"))
        await purses.insert_one(Purse(id="mine"))
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(work)
    assert told == []


def test_a_callback_outside_a_transaction_runs_at_once(database: Database) -> None:
    told: list[str] = []
    database.after_commit(lambda: told.append("now"))
    assert told == ["now"]


async def test_a_task_started_inside_goes_on_outside_after_the_commit(
    database: Database, purses: Collection[Purse]
) -> None:
    committed = asyncio.Event()

    async def later() -> None:
        await committed.wait()
        await purses.insert_one(Purse(id="later"))

    async def work() -> asyncio.Task[None]:
        await purses.insert_one(Purse(id="mine"))
        return asyncio.create_task(later())

    task = await database.with_transaction(work)
    committed.set()
    await task
    assert await purses.count_documents({}) == 2


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nothing(
    database: Database, purses: Collection[Purse], elsewhere: Collection[Purse]
) -> None:
    await purses.insert_one(Purse(id="mine"))

    async def work() -> None:
        while True:
            await purses.update_one({"_id": "mine"}, {"$inc": {"coins": 1}})

    for pause in (0, 0.001, 0.003, 0.01, 0.03):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(pause):
                await database.with_transaction(work)
    async with asyncio.timeout(5):
        assert await elsewhere.update_one({"_id": "mine", "coins": 0}, {"$inc": {"coins": 1}}) == 1


async def test_contention_that_does_not_end_is_told(
    database: Database, purses: Collection[Purse], elsewhere: Collection[Purse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database._transactions, "_retry_timeout", 0.3)
    await purses.insert_one(Purse(id="mine"))

    async def work() -> None:
        await purses.get("mine")
        await asyncio.create_task(elsewhere.update_one({"_id": "mine"}, {"$inc": {"coins": 1}}))
        await purses.update_one({"_id": "mine"}, {"$inc": {"coins": 1}})

    with pytest.raises(WriteConflictError):
        await database.with_transaction(work)


async def test_a_unique_index_holds_between_two_transactions(database: Database, purses: Collection[Purse]) -> None:
    async def claim(number: int) -> bool:
        try:
            await database.with_transaction(lambda: purses.insert_one(Purse(id=f"p{number}", owner="ada")))
        except DuplicateError:
            return False
        return True

    claimed = await asyncio.gather(*map(claim, range(8)))
    assert claimed.count(True) == 1
    assert await purses.count_documents({"owner": "ada"}) == 1


async def test_who_is_cancelled_is_cancelled_also_when_the_driver_swallows_it(database: Database) -> None:
    begun = asyncio.Event()

    async def swallowing(_: object) -> str:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return "as if nothing had happened"

    asking = asyncio.create_task(database._transactions.run_operation(swallowing))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_transaction_of_a_process_that_died_ends_when_the_supervisor_says_so(
    purses: Collection[Purse], mongo_url: str, database: Database
) -> None:
    """The embedded server would keep it open for ever, and block other writers of the same document."""
    await purses.insert_one(Purse(id="mine"))
    await die_in_a_transaction(mongo_url, database.name)
    await abort_all_transactions(mongo_url)
    async with asyncio.timeout(5):
        await purses.update_one({"_id": "mine"}, {"$inc": {"coins": 1}})
    assert await purses.get("mine") == Purse(id="mine", coins=1)


async def test_ending_all_transactions_costs_the_living_a_retry_and_nothing_else(
    database: Database, purses: Collection[Purse], mongo_url: str
) -> None:
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        await purses.insert_one(Purse(id="mine"))
        if runs == 1:
            await asyncio.create_task(abort_all_transactions(mongo_url))
        await purses.insert_one(Purse(id="yours"))

    await database.with_transaction(work)
    assert (runs, await purses.count_documents({})) == (2, 2)


async def die_in_a_transaction(url: str, name: str) -> None:
    """Run a process that is killed -9 while it holds the purse ``mine``."""
    program = f"""
import asyncio, os, signal
from shared.mongo import open_database
from {__name__} import Purse

async def main():
    async with open_database({url!r}, {name!r}) as db:
        purses = db.get_collection(Purse)
        async def work():
            await purses.update_one({{"_id": "mine"}}, {{"$inc": {{"coins": 100}}}})
            os.kill(os.getpid(), signal.SIGKILL)
        await db.with_transaction(work)

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == -signal.SIGKILL


async def test_what_is_due_after_the_commit_happens_also_when_the_work_is_cancelled_meanwhile(
    database: Database, purses: Collection[Purse]
) -> None:
    told: list[str] = []

    async def work() -> None:
        await purses.insert_one(Purse(id="mine"))
        database.after_commit(lambda: told.append("committed"))
        asyncio.get_running_loop().call_soon(task.cancel)  # the next thing that is awaited is the commit

    task = asyncio.create_task(database.with_transaction(work))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await purses.get("mine") is not None
    assert told == ["committed"]

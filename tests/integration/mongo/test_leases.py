"""One at a time: the holder of a lease is alone, and a dead holder gets a successor."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.mongo import Database, LeaseDocument, LeaseLostError, Leases, StoreUnavailableError, open_database
from tests.support import RawWriter

TTL = timedelta(seconds=0.6)


@pytest.fixture
async def leases(database: Database) -> Leases:
    await database.ensure_collections(Leases.documents)
    return Leases(database)


@pytest.fixture
async def others(leases: Leases, database: Database, mongo_url: str, mongo_driver: str) -> AsyncIterator[Leases]:
    """The same leases seen by another process."""
    async with open_database(mongo_url, database.name, driver=mongo_driver) as other:
        yield Leases(other)


async def test_of_many_candidates_one_works_at_a_time(leases: Leases, others: Leases) -> None:
    at_work, most, turns = 0, 0, 0

    async def candidate(mine: Leases) -> None:
        nonlocal at_work, most, turns
        async with mine.acquire("sweep", ttl=TTL):
            at_work += 1
            most, turns = max(most, at_work), turns + 1
            await asyncio.sleep(0.02)
            at_work -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(candidate(mine) for mine in (leases, others) * 4))
    assert (most, turns) == (1, 8)


async def test_different_leases_do_not_wait_for_each_other(leases: Leases, others: Leases) -> None:
    long = timedelta(seconds=20)
    async with asyncio.timeout(10), leases.acquire("sweep", ttl=long), others.acquire("relay", ttl=long):
        pass


async def test_a_lease_is_renewed_for_as_long_as_the_work_takes(leases: Leases, others: Leases) -> None:
    async with leases.acquire("sweep", ttl=TTL):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * TTL.total_seconds()), others.acquire("sweep", ttl=TTL):
                pytest.fail("two at once")


async def test_a_lease_that_is_given_back_is_free_at_once(leases: Leases, others: Leases) -> None:
    async with leases.acquire("sweep", ttl=timedelta(minutes=5)):
        pass
    async with asyncio.timeout(1), others.acquire("sweep", ttl=TTL):
        pass


async def test_the_lease_of_a_dead_holder_is_taken_over_after_its_ttl(database: Database, leases: Leases) -> None:
    await database.get_collection(LeaseDocument).insert_one(
        LeaseDocument(id="sweep", holder="dead", renewal_count=7, ttl_ms=600)
    )
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(5), leases.acquire("sweep", ttl=TTL) as lease:
        assert asyncio.get_running_loop().time() - began >= TTL.total_seconds()
        row = await database.get_collection(LeaseDocument).get("sweep")
        assert row is not None
        assert row.holder == lease.holder


async def test_a_holder_that_lost_its_lease_is_cancelled(database: Database, leases: Leases) -> None:
    async def work() -> None:
        async with leases.acquire("sweep", ttl=TTL):
            usurper = LeaseDocument(id="sweep", holder="usurper", renewal_count=0, ttl_ms=600)
            await database.get_collection(LeaseDocument).replace_one(usurper)
            await asyncio.sleep(30)
            pytest.fail("it went on")

    with pytest.raises(LeaseLostError):
        async with asyncio.timeout(5):
            await work()
    row = await database.get_collection(LeaseDocument).get("sweep")
    assert row is not None
    assert row.holder == "usurper", "who lost a lease does not take it from the next one"


async def test_a_holder_that_cannot_renew_stops_before_another_may_begin(
    leases: Leases, others: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder is cut off from the database: it stops by its own clock."""

    async def cut_off(*_: object, **__: object) -> bool:
        raise StoreUnavailableError

    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    async def holder() -> float:
        try:
            async with leases.acquire("sweep", ttl=TTL):
                monkeypatch.setattr(leases._rows, "replace_one", cut_off)
                monkeypatch.setattr(leases._rows, "delete_many", cut_off)
                held.set()
                await asyncio.sleep(30)
        except LeaseLostError:
            stopped.set()
        return loop.time()

    held = asyncio.Event()
    task = asyncio.create_task(holder())
    await held.wait()
    async with asyncio.timeout(5), others.acquire("sweep", ttl=TTL):
        assert stopped.is_set()
        assert await task < loop.time()


async def test_an_error_of_the_work_is_raised_and_the_lease_given_back(leases: Leases, others: Leases) -> None:
    with pytest.raises(ZeroDivisionError):
        async with leases.acquire("sweep", ttl=TTL):
            raise ZeroDivisionError
    async with asyncio.timeout(1), others.acquire("sweep", ttl=TTL):
        pass


async def test_a_time_limit_of_the_work_is_not_mistaken_for_a_lost_lease(leases: Leases) -> None:
    with pytest.raises(TimeoutError):
        async with leases.acquire("sweep", ttl=TTL), asyncio.timeout(0.05):
            await asyncio.sleep(30)


async def test_a_cancelled_candidate_leaves_the_lease_to_its_holder(
    leases: Leases, others: Leases, database: Database, planter: RawWriter
) -> None:
    async with leases.acquire("sweep", ttl=TTL) as lease:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), others.acquire("sweep", ttl=TTL):
                pytest.fail("two at once")
        assert [row["holder"] for row in await planter.read_raw(database, "leases")] == [lease.holder]

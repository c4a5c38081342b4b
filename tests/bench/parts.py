"""What measurements share of the parts: databases that go again, and work with a bound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pymongo import AsyncMongoClient

from services.identity.store import AccountDocument
from shared.ids import new_id
from tests.support.fakes import NOON

T = TypeVar("T")


@asynccontextmanager
async def dropped(mongo_url: str) -> AsyncIterator[str]:
    """Yield the name of a database that is dropped at the end."""
    name = new_id("bench")
    try:
        yield name
    finally:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url)
        async with client:
            await client.drop_database(name)


MANY = 100_000
"""How many accounts a house has that has grown."""
_AT_ONCE = 2_000


async def store_accounts(mongo_url: str, database: str, count: int) -> None:
    """Store *count* accounts beside those that are there."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url)
    async with client:
        for first in range(0, count, _AT_ONCE):
            rows = [_account().to_mongo() for _ in range(min(_AT_ONCE, count - first))]
            await client[database][AccountDocument.collection].insert_many(rows)


def _account() -> AccountDocument:
    mark = new_id("acc")
    return AccountDocument(
        id=mark,
        username=mark,
        email=b"sealed",
        email_index=mark,
        state="active",
        roles=[],
        age_screened_at=NOON,
        verified_at=NOON,
        created_at=NOON,
    )


async def each(items: Sequence[T], work: Callable[[T], Awaitable[object]], *, at_once: int) -> None:
    """Do *work* on each of *items*, on *at_once* of them at any time."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    await asyncio.gather(*(worker() for _ in range(at_once)))


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run *works* for as long as the body takes."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

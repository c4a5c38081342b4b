"""The adapter for the two drivers (Motor by default, PyMongo's own asyncio client with MONGO_DRIVER=pymongo).

Their collections have the same methods except for the few below, so the rest of the package uses PyMongo's types, and
``_MotorDriver`` casts its objects to them.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date
from enum import Enum
from typing import Any, Protocol, TypeVar, cast

from bson.codec_options import CodecOptions, TypeRegistry
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.mongo.document import RawDocument
from shared.mongo.writes import RawWrite, WriteFailedError
from shared.settings import SettingError

T = TypeVar("T")
RawCollection = AsyncCollection[RawDocument]
RawDatabase = AsyncDatabase[RawDocument]
RawCursor = AsyncCursor[RawDocument]
RawSession = AsyncClientSession

# Every wait has a timeout. Creating a client does not connect: the first operation does.
CLIENT_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 10_000,
    "w": "majority",
    "appname": "candor",
}
_MAX_COMMITTERS = 8
"""Threads for prepared transactions: more would wait for the disk of the database."""
_TRANSACTION_OPTIONS: dict[str, Any] = {
    "read_concern": ReadConcern("snapshot"),
    "write_concern": WriteConcern("majority"),
}


def _encode_fallback(value: Any) -> Any:
    """Return a BSON-encodable replacement for a *value* of a type that BSON lacks."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


_CODEC: CodecOptions[RawDocument] = CodecOptions(
    document_class=dict, tz_aware=True, tzinfo=UTC, type_registry=TypeRegistry(fallback_encoder=_encode_fallback)
)


class Driver(Protocol):
    """An open client of either driver."""

    def get_database(self, name: str) -> RawDatabase:
        """Return the database without connecting."""
        ...

    def open_session(self) -> AbstractAsyncContextManager[RawSession]:
        """Open a session for one transaction."""
        ...

    async def start_transaction(self, session: RawSession) -> None:
        """Start a transaction."""
        ...

    async def run_pipeline(
        self, collection: RawCollection, pipeline: Sequence[RawDocument], session: RawSession | None
    ) -> list[RawDocument]:
        """Return all results of an aggregation."""
        ...

    async def commit_writes(self, database: str, writes: Sequence[RawWrite]) -> None:
        """Execute *writes* in one transaction; WriteFailedError, and then none of them is stored."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class _PymongoDriver:
    def __init__(self, url: str) -> None:
        self._client: AsyncMongoClient[RawDocument] = AsyncMongoClient(url, **CLIENT_OPTIONS)

    def get_database(self, name: str) -> RawDatabase:
        return self._client.get_database(name, codec_options=_CODEC)

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[RawSession]:
        async with self._client.start_session() as session:
            yield session

    async def start_transaction(self, session: RawSession) -> None:
        await session.start_transaction(**_TRANSACTION_OPTIONS)

    async def run_pipeline(
        self, collection: RawCollection, pipeline: Sequence[RawDocument], session: RawSession | None
    ) -> list[RawDocument]:
        cursor = await collection.aggregate(pipeline, session=session)
        return await cursor.to_list(None)

    async def commit_writes(self, database: str, writes: Sequence[RawWrite]) -> None:
        stored = self._client.get_database(database, codec_options=_CODEC)
        async with self._client.start_session() as session, await session.start_transaction(**_TRANSACTION_OPTIONS):
            for place, write in enumerate(writes):
                try:
                    result = await getattr(stored[write.collection], write.method)(*write.arguments, session=session)
                except PyMongoError as fault:
                    raise WriteFailedError(place, fault) from fault
                _check_match(place, write, result)

    async def close(self) -> None:
        await self._client.close()


class _MotorDriver:
    def __init__(self, url: str) -> None:
        self._client: Any = AsyncIOMotorClient(url, **CLIENT_OPTIONS)
        self._committers = ThreadPoolExecutor(_MAX_COMMITTERS, thread_name_prefix="commit")

    def get_database(self, name: str) -> RawDatabase:
        return cast("RawDatabase", self._client.get_database(name, codec_options=_CODEC))

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[RawSession]:
        # Start and end on the delegate: neither contacts the server, and Motor would use a thread for each.
        session = self._client.wrap(self._client.delegate.start_session())
        try:
            yield session
        finally:
            if session.in_transaction:  # aborting does contact the server
                await session.end_session()
            else:
                session.delegate.end_session()

    async def start_transaction(self, session: Any) -> None:
        session.start_transaction(**_TRANSACTION_OPTIONS)

    async def run_pipeline(
        self, collection: Any, pipeline: Sequence[RawDocument], session: RawSession | None
    ) -> list[RawDocument]:
        return cast("list[RawDocument]", await collection.aggregate(pipeline, session=session).to_list(None))

    async def commit_writes(self, database: str, writes: Sequence[RawWrite]) -> None:
        # The whole transaction on the delegate in one thread: Motor would change threads for each operation.
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._committers, self._commit_in_thread, database, writes)

    def _commit_in_thread(self, database: str, writes: Sequence[RawWrite]) -> None:
        client = self._client.delegate
        stored = client.get_database(database, codec_options=_CODEC)
        with client.start_session() as session, session.start_transaction(**_TRANSACTION_OPTIONS):
            for place, write in enumerate(writes):
                try:
                    result = getattr(stored[write.collection], write.method)(*write.arguments, session=session)
                except PyMongoError as fault:
                    raise WriteFailedError(place, fault) from fault
                _check_match(place, write, result)

    async def close(self) -> None:
        self._committers.shutdown(wait=False)
        self._client.close()


def _check_match(place: int, write: RawWrite, result: Any) -> None:
    if write.must_match and result.matched_count != 1:
        raise WriteFailedError(place, None)


_DRIVERS: Mapping[str, type[_MotorDriver] | type[_PymongoDriver]] = {"motor": _MotorDriver, "pymongo": _PymongoDriver}


def create_client(url: str, driver: str) -> Driver:
    """Return a client of *driver* (motor or pymongo); it connects when it is first used.

    A URL that no driver can use is a SettingError, which does not quote it because it may contain a password.
    """
    try:
        return _DRIVERS[driver](url)
    except (ConfigurationError, OSError) as fault:
        raise SettingError(
            "MONGO_URL cannot be used: check that its user and password are percent-encoded, its options and files"
        ) from fault

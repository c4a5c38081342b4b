"""The seam between the two drivers (Motor by default, PyMongo's own asyncio client by MONGO_DRIVER=pymongo).

Their collections have the same methods but for the few below, so the rest of the package is written against PyMongo's
types, and ``_Motor`` says that its objects are of these types.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
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
from pymongo.errors import ConfigurationError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.mongo.document import RawDocument
from shared.settings import SettingError

T = TypeVar("T")
RawCollection = AsyncCollection[RawDocument]
RawDatabase = AsyncDatabase[RawDocument]
RawCursor = AsyncCursor[RawDocument]
RawSession = AsyncClientSession

# Every wait has a limit. Nothing here waits for the server: the first operation does.
_CLIENT_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 10_000,
    "w": "majority",
    "appname": "candor",
}
_TRANSACTION_OPTIONS: dict[str, Any] = {
    "read_concern": ReadConcern("snapshot"),
    "write_concern": WriteConcern("majority"),
}


def _encode_fallback(value: Any) -> Any:
    """Return what BSON can hold in place of *value*, for the few types that it does not know."""
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
        """Return the database; nothing is sent."""
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
        """Return all that an aggregation makes."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class _PymongoDriver:
    def __init__(self, url: str) -> None:
        self._client: AsyncMongoClient[RawDocument] = AsyncMongoClient(url, **_CLIENT_OPTIONS)

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

    async def close(self) -> None:
        await self._client.close()


class _MotorDriver:
    def __init__(self, url: str) -> None:
        self._client: Any = AsyncIOMotorClient(url, **_CLIENT_OPTIONS)

    def get_database(self, name: str) -> RawDatabase:
        return cast("RawDatabase", self._client.get_database(name, codec_options=_CODEC))

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[RawSession]:
        # Both ends by hand: they ask nothing of the server, and Motor takes a thread for each.
        session = self._client.wrap(self._client.delegate.start_session())
        try:
            yield session
        finally:
            if session.in_transaction:  # aborting it does ask
                await session.end_session()
            else:
                session.delegate.end_session()

    async def start_transaction(self, session: Any) -> None:
        session.start_transaction(**_TRANSACTION_OPTIONS)

    async def run_pipeline(
        self, collection: Any, pipeline: Sequence[RawDocument], session: RawSession | None
    ) -> list[RawDocument]:
        return cast("list[RawDocument]", await collection.aggregate(pipeline, session=session).to_list(None))

    async def close(self) -> None:
        self._client.close()


_DRIVERS: Mapping[str, type[_MotorDriver] | type[_PymongoDriver]] = {"motor": _MotorDriver, "pymongo": _PymongoDriver}


def create_client(url: str, driver: str) -> Driver:
    """Return a client of *driver* (motor or pymongo); it connects when it is first used.

    A URL that no driver could use is a SettingError, which does not quote it: it may carry a password.
    """
    try:
        return _DRIVERS[driver](url)
    except (ConfigurationError, OSError) as fault:
        raise SettingError(
            "MONGO_URL cannot be used: check that its user and password are percent-encoded, its options and files"
        ) from fault

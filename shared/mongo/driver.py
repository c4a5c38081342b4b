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

from shared.mongo.document import Raw
from shared.settings import SettingError

T = TypeVar("T")
RawCollection = AsyncCollection[Raw]
RawDatabase = AsyncDatabase[Raw]
Cursor = AsyncCursor[Raw]
Session = AsyncClientSession

# Every wait has a limit. Nothing here waits for the server: the first operation does.
_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 10_000,
    "w": "majority",
    "appname": "candor",
}
_CONCERNS: dict[str, Any] = {"read_concern": ReadConcern("snapshot"), "write_concern": WriteConcern("majority")}


def _encode(value: Any) -> Any:
    """Return what BSON can hold in place of *value*, for the few types that it does not know."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


_CODEC: CodecOptions[Raw] = CodecOptions(
    document_class=dict, tz_aware=True, tzinfo=UTC, type_registry=TypeRegistry(fallback_encoder=_encode)
)


class Driver(Protocol):
    """An open client of either driver."""

    def database(self, name: str) -> RawDatabase:
        """Return the database; nothing is sent."""
        ...

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Open a session for one transaction."""
        ...

    async def begin(self, session: Session) -> None:
        """Start a transaction."""
        ...

    async def aggregated(self, within: RawCollection, stages: Sequence[Raw], session: Session | None) -> list[Raw]:
        """Return all that an aggregation makes."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class _Pymongo:
    def __init__(self, url: str) -> None:
        self._client: AsyncMongoClient[Raw] = AsyncMongoClient(url, **_OPTIONS)

    def database(self, name: str) -> RawDatabase:
        return self._client.get_database(name, codec_options=_CODEC)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        async with self._client.start_session() as session:
            yield session

    async def begin(self, session: Session) -> None:
        await session.start_transaction(**_CONCERNS)

    async def aggregated(self, within: RawCollection, stages: Sequence[Raw], session: Session | None) -> list[Raw]:
        cursor = await within.aggregate(stages, session=session)
        return await cursor.to_list(None)

    async def close(self) -> None:
        await self._client.close()


class _Motor:
    def __init__(self, url: str) -> None:
        self._client: Any = AsyncIOMotorClient(url, **_OPTIONS)

    def database(self, name: str) -> RawDatabase:
        return cast("RawDatabase", self._client.get_database(name, codec_options=_CODEC))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        # Both ends by hand: they ask nothing of the server, and Motor takes a thread for each.
        session = self._client.wrap(self._client.delegate.start_session())
        try:
            yield session
        finally:
            if session.in_transaction:  # aborting it does ask
                await session.end_session()
            else:
                session.delegate.end_session()

    async def begin(self, session: Any) -> None:
        session.start_transaction(**_CONCERNS)

    async def aggregated(self, within: Any, stages: Sequence[Raw], session: Session | None) -> list[Raw]:
        return cast("list[Raw]", await within.aggregate(stages, session=session).to_list(None))

    async def close(self) -> None:
        self._client.close()


_DRIVERS: Mapping[str, type[_Motor] | type[_Pymongo]] = {"motor": _Motor, "pymongo": _Pymongo}


def connect(url: str, driver: str) -> Driver:
    """Return a client of *driver* (motor or pymongo); it connects when it is first used.

    A URL that no driver could use is a SettingError, which does not quote it: it may carry a password.
    """
    try:
        return _DRIVERS[driver](url)
    except (ConfigurationError, OSError) as fault:
        raise SettingError(
            "MONGO_URL cannot be used: check that its user and password are percent-encoded, its options and files"
        ) from fault

"""A database: its collections, its transactions, its schema."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from pymongo.errors import PyMongoError

from shared.mongo.collection import Collection
from shared.mongo.data_format import DataFormatDocument, ensure_data_format
from shared.mongo.document import Document
from shared.mongo.driver import Driver, create_client
from shared.mongo.errors import translate_error
from shared.mongo.schema_sync import ensure_collection, has_newer_schema
from shared.mongo.transaction import Transactions
from shared.mongo.writes import Write
from shared.release import RELEASE

T = TypeVar("T")
D = TypeVar("D", bound=Document)


class Database:
    """One service's own database."""

    def __init__(self, driver: Driver, name: str, release: str = RELEASE) -> None:
        self.name = name
        self._release = release
        self._raw = driver.get_database(name)
        self._transactions = Transactions(driver)

    def get_collection(self, document: type[D]) -> Collection[D]:
        """Return the collection that stores *document*."""
        return Collection(self._raw[document.collection], document, self._transactions)

    async def ensure_collections(self, documents: Iterable[type[Document]]) -> None:
        """Create or update the collections, validators and indexes to match *documents*. Idempotent.

        A collection changed by a newer release is left alone: an older process that restarts during a rolling upgrade
        must not remove the fields and indexes it needs. IncompatibleDataError for another data format.
        """
        await self._ensure_data_format()
        for document in documents:
            await self._transactions.run_operation(partial(self._ensure_collection, document))

    async def _ensure_data_format(self) -> None:
        await self._transactions.run_operation(partial(self._ensure_collection, DataFormatDocument))
        names = await self._transactions.run_operation(lambda _: self._raw.list_collection_names())
        await ensure_data_format(self.name, names, self.get_collection(DataFormatDocument))

    async def _ensure_collection(self, document: type[Document], _: object) -> None:
        await ensure_collection(self._raw, document, self._release)

    async def has_newer_schema(self, document: type[Document]) -> bool:
        """Return whether a newer release than this process created or changed the collection of *document*."""
        return await self._transactions.run_operation(lambda _: has_newer_schema(self._raw, document, self._release))

    async def check_connection(self) -> None:
        """Ping the server; StoreUnavailableError when it does not answer."""
        await self._transactions.run_operation(lambda _: self._raw.command("ping"))

    async def with_transaction(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run *work* atomically; inside another transaction it joins that one.

        *work* is retried on a write conflict, so it may only do database operations, one at a time. An error it raises
        aborts the transaction. After a StoreUnavailableError during the commit the outcome is unknown.
        """
        return await self._transactions.with_transaction(work)

    async def commit_writes(self, writes: Sequence[Write]) -> None:
        """Store all of *writes* in one transaction, or none; quicker than ``with_transaction``, and as safe.

        Raises what the failed write names, else DuplicateError. After a StoreUnavailableError the outcome is unknown.
        """
        await self._transactions.commit_writes(self.name, writes)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call *callback* once the outermost transaction has committed; at once when there is none."""
        self._transactions.after_commit(callback)


async def abort_all_transactions(url: str) -> None:
    """Abort every open transaction at *url*: live clients retry; transactions of dead clients stop blocking.

    For the supervisor of the embedded server, which never expires the transaction of a killed process. MongoDB does so
    after transactionLifetimeLimitSeconds.
    """
    client = create_client(url, "pymongo")
    try:
        await client.get_database("admin").command("killAllSessions", [])
    except PyMongoError as fault:
        raise translate_error(fault) from None
    finally:
        await client.close()


@asynccontextmanager
async def open_database(
    url: str, name: str, *, driver: str = "motor", release: str = RELEASE
) -> AsyncIterator[Database]:
    """Open the database *name* at *url*; the first operation connects, so the server may start later."""
    client = create_client(url, driver)
    try:
        yield Database(client, name, release)
    finally:
        await client.close()

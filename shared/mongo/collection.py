"""One collection of one kind of document; each call is a step of the ambient transaction when there is one."""

import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from shared.mongo.document import Document, Key, Raw, keys_of
from shared.mongo.driver import Cursor, RawCollection, Session
from shared.mongo.portable import array_paths, check_pipeline, check_sort
from shared.mongo.transaction import Transactions

D = TypeVar("D", bound=Document)
T = TypeVar("T")
Filter = Mapping[str, Any]

_BATCH = 100


class Collection(Generic[D]):
    """Reads and writes documents of one class. Filters and changes name fields as they are stored (``_id``)."""

    def __init__(self, raw: RawCollection, document: type[D], transactions: Transactions) -> None:
        self._raw = raw
        self._document = document
        self._transactions = transactions
        self._arrays = array_paths(document)

    async def get(self, key: str) -> D | None:
        """Return the document whose id is *key*."""
        return await self.find_one({"_id": key})

    async def find_one(self, where: Filter, *, sort: Sequence[Key] = ()) -> D | None:
        """Return the first document that matches."""
        keys = self._keys(sort)
        raw = await self._run(lambda session: self._raw.find_one(where, sort=keys, session=session))
        return None if raw is None else self._document.read(raw)

    async def find(self, where: Filter, *, sort: Sequence[Key] = (), limit: int = 0, skip: int = 0) -> AsyncIterator[D]:
        """Yield the documents that match, fetched in batches."""
        cursor = self._cursor(where, sort, limit, skip)
        try:
            while batch := await self._run(lambda _: cursor.to_list(_BATCH)):
                for raw in batch:
                    yield self._document.read(raw)
        finally:
            await cursor.close()

    async def list(self, where: Filter, *, sort: Sequence[Key] = (), limit: int = 0, skip: int = 0) -> builtins.list[D]:
        """Return the documents that match; where there may be many, give a *limit* or use ``find``."""
        cursor = self._cursor(where, sort, limit, skip)
        return [self._document.read(raw) for raw in await self._run(lambda _: cursor.to_list(None))]

    async def insert(self, document: D) -> None:
        """Store a new document; DuplicateError on a unique clash."""
        raw = document.stored()
        await self._run(lambda session: self._raw.insert_one(raw, session=session))

    async def insert_many(self, documents: Iterable[D]) -> None:
        """Store new documents in order, up to the first that is refused."""
        raws = [document.stored() for document in documents]
        if raws:
            await self._run(lambda session: self._raw.insert_many(raws, session=session))

    async def replace(self, document: D, *, expect: Filter | None = None) -> bool:
        """Put *document* in place of the one with its id, if that has the *expect*-ed fields; tell whether it had."""
        wanted = {**(expect or {}), "_id": document.id}
        raw = document.stored()
        done = await self._run(lambda session: self._raw.replace_one(wanted, raw, session=session))
        return done.matched_count == 1

    async def upsert(self, document: D) -> None:
        """Store *document*, in place of the one with its id when there is one."""
        wanted, raw = {"_id": document.id}, document.stored()
        await self._run(lambda session: self._raw.replace_one(wanted, raw, upsert=True, session=session))

    async def update(self, where: Filter, change: Mapping[str, Any], *, many: bool = False) -> int:
        """Apply *change* (``{"$set": …}``) to the first or all that match; return how many matched."""
        write = self._raw.update_many if many else self._raw.update_one
        done = await self._run(lambda session: write(where, change, session=session))
        return done.matched_count

    async def delete(self, where: Filter, *, many: bool = True) -> int:
        """Delete all or the first that match; return how many there were."""
        write = self._raw.delete_many if many else self._raw.delete_one
        done = await self._run(lambda session: write(where, session=session))
        return done.deleted_count

    async def count(self, where: Filter) -> int:
        """Return how many match."""
        return await self._run(lambda session: self._raw.count_documents(where, session=session))

    async def aggregate(self, pipeline: Sequence[Raw]) -> builtins.list[Raw]:
        """Return what *pipeline* makes; UnportableError for a form that not every server answers rightly."""
        check_pipeline(pipeline, self._arrays)
        driver = self._transactions.driver
        return await self._run(lambda session: driver.aggregated(self._raw, pipeline, session))

    async def sample(self, n: int) -> builtins.list[Raw]:
        """Return up to *n* random documents as they are stored, undeclared fields and all (C01)."""
        return await self.aggregate([{"$sample": {"size": n}}])

    def _cursor(self, where: Filter, sort: Sequence[Key], limit: int, skip: int) -> Cursor:
        keys, session = self._keys(sort), self._transactions.session
        return self._raw.find(where, sort=keys, limit=limit, skip=skip, session=session)

    def _keys(self, sort: Sequence[Key]) -> builtins.list[tuple[str, int]] | None:
        keys = keys_of(sort)
        check_sort((field for field, _ in keys), self._arrays)
        return keys or None

    async def _run(self, operation: Callable[[Session | None], Awaitable[T]]) -> T:
        return await self._transactions.run(operation)

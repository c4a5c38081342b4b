"""One collection of one kind of document; each call is a step of the ambient transaction when there is one."""

import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from shared.mongo.document import Document, Key, Raw, keys_of
from shared.mongo.driver import Cursor, RawCollection, Session
from shared.mongo.plan import Filter, Steps, in_steps, indexed_fields
from shared.mongo.portable import array_paths, check_pipeline, check_sort
from shared.mongo.transaction import Transactions

D = TypeVar("D", bound=Document)
T = TypeVar("T")
_BATCH = 100


class Collection(Generic[D]):
    """Reads and writes documents of one class. Filters and changes name fields as they are stored (``_id``)."""

    def __init__(self, raw: RawCollection, document: type[D], transactions: Transactions) -> None:
        self._raw = raw
        self._document = document
        self._transactions = transactions
        self._arrays = array_paths(document)
        self._indexes = indexed_fields(document)

    async def get(self, key: str) -> D | None:
        """Return the document whose id is *key*."""
        return await self.find_one({"_id": key})

    async def find_one(self, where: Filter, *, sort: Sequence[Key] = ()) -> D | None:
        """Return the first document that matches."""
        if steps := in_steps(where, self._indexes):
            found = await self._found(steps, sort, limit=1)
            return found[0] if found else None
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
        if not skip and (steps := in_steps(where, self._indexes)):
            return await self._found(steps, sort, limit=limit)
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
        raw = document.stored()

        async def write(wanted: Filter) -> int:
            done = await self._run(lambda session: self._raw.replace_one(wanted, raw, session=session))
            return done.matched_count

        return await self._written({**(expect or {}), "_id": document.id}, write, many=False) == 1

    async def upsert(self, document: D) -> None:
        """Store *document*, in place of the one with its id when there is one."""
        wanted, raw = {"_id": document.id}, document.stored()
        await self._run(lambda session: self._raw.replace_one(wanted, raw, upsert=True, session=session))

    async def update(self, where: Filter, change: Mapping[str, Any], *, many: bool = False) -> int:
        """Apply *change* (``{"$set": …}``) to the first or all that match; return how many matched."""
        raw_write = self._raw.update_many if many else self._raw.update_one

        async def write(wanted: Filter) -> int:
            done = await self._run(lambda session: raw_write(wanted, change, session=session))
            return done.matched_count

        return await self._written(where, write, many=many)

    async def delete(self, where: Filter, *, many: bool = True) -> int:
        """Delete all or the first that match; return how many there were."""
        raw_write = self._raw.delete_many if many else self._raw.delete_one

        async def write(wanted: Filter) -> int:
            done = await self._run(lambda session: raw_write(wanted, session=session))
            return done.deleted_count

        return await self._written(where, write, many=many)

    async def count(self, where: Filter) -> int:
        """Return how many match."""
        if steps := in_steps(where, self._indexes):
            counted = await self._piped([*steps.stages, {"$group": {"_id": None, "count": {"$sum": 1}}}])
            return counted[0]["count"] if counted else 0
        return await self._run(lambda session: self._raw.count_documents(where, session=session))

    async def aggregate(self, pipeline: Sequence[Raw]) -> builtins.list[Raw]:
        """Return what *pipeline* makes; UnportableError for a form that not every server answers rightly."""
        check_pipeline(pipeline, self._arrays)
        return await self._piped(pipeline)

    async def sample(self, n: int) -> builtins.list[Raw]:
        """Return up to *n* random documents as they are stored, undeclared fields and all (C01)."""
        return await self.aggregate([{"$sample": {"size": n}}])

    async def _written(self, where: Filter, write: Callable[[Filter], Awaitable[int]], *, many: bool) -> int:
        """Let *write* change what matches; inside a transaction by id, found in steps: nothing can come between.

        Outside of one the question goes as it is, and is one message: whether or not the server scans for it.
        """
        steps = in_steps(where, self._indexes) if self._transactions.session else None
        if steps is None:
            return await write(where)
        found = await self._piped([*steps.stages, *([] if many else [{"$limit": 1}]), {"$project": {"_id": 1}}])
        ids = [raw["_id"] for raw in found]
        return await write({"_id": {"$in": ids}} if many else {"_id": ids[0]}) if ids else 0

    async def _found(self, steps: Steps, sort: Sequence[Key], *, limit: int) -> builtins.list[D]:
        keys, stages = self._keys(sort), steps.stages
        if keys:
            stages.append({"$sort": dict(keys)})
        if limit:
            stages.append({"$limit": limit})
        return [self._document.read(raw) for raw in await self._piped(stages)]

    async def _piped(self, pipeline: Sequence[Raw]) -> builtins.list[Raw]:
        driver = self._transactions.driver
        return await self._run(lambda session: driver.aggregated(self._raw, pipeline, session))

    def _cursor(self, where: Filter, sort: Sequence[Key], limit: int, skip: int) -> Cursor:
        keys, session = self._keys(sort), self._transactions.session
        return self._raw.find(where, sort=keys, limit=limit, skip=skip, session=session)

    def _keys(self, sort: Sequence[Key]) -> builtins.list[tuple[str, int]] | None:
        keys = keys_of(sort)
        check_sort((field for field, _ in keys), self._arrays)
        return keys or None

    async def _run(self, operation: Callable[[Session | None], Awaitable[T]]) -> T:
        return await self._transactions.run(operation)

"""A typed collection; each call joins the ambient transaction if there is one."""

import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pymongo import UpdateMany
from pymongo.errors import BulkWriteError

from shared.mongo.document import Document, RawDocument, SortKey, index_keys
from shared.mongo.driver import RawCollection, RawCursor, RawSession
from shared.mongo.errors import DuplicateError, TransactionMisuseError, duplicate_ids
from shared.mongo.index_prefix import Filter, TwoStepFilter, list_indexed_fields, split_filter
from shared.mongo.portable import array_paths, check_pipeline, check_sort
from shared.mongo.transaction import Transactions

D = TypeVar("D", bound=Document)
T = TypeVar("T")
RawWrite = Callable[..., Awaitable[Any]]
_BATCH_SIZE = 100


class Collection(Generic[D]):
    """Reads and writes documents of one class. Filters and updates use the stored field names (``_id``)."""

    def __init__(self, raw: RawCollection, document: type[D], transactions: Transactions) -> None:
        self._raw = raw
        self._document = document
        self._transactions = transactions
        self._arrays = array_paths(document)
        self._indexes = list_indexed_fields(document)

    async def get(self, key: str) -> D | None:
        """Return the document whose id is *key*."""
        return await self.find_one({"_id": key})

    async def find_one(self, where: Filter, *, sort: Sequence[SortKey] = ()) -> D | None:
        """Return the first document that matches."""
        if steps := split_filter(where, self._indexes):
            found = await self._find_in_steps(steps, sort, limit=1)
            return found[0] if found else None
        keys = self._sort_keys(sort)
        raw = await self._run_operation(lambda session: self._raw.find_one(where, sort=keys, session=session))
        return None if raw is None else self._document.from_mongo(raw)

    async def iter_documents(
        self, where: Filter, *, sort: Sequence[SortKey] = (), limit: int = 0, skip: int = 0
    ) -> AsyncIterator[D]:
        """Yield the documents that match, fetched in batches."""
        cursor = self._cursor(where, sort, limit, skip)
        try:
            while batch := await self._run_operation(lambda _: cursor.to_list(_BATCH_SIZE)):
                for raw in batch:
                    yield self._document.from_mongo(raw)
        finally:
            await cursor.close()

    async def list(
        self, where: Filter, *, sort: Sequence[SortKey] = (), limit: int = 0, skip: int = 0
    ) -> builtins.list[D]:
        """Return the documents that match; for large results give a *limit* or use ``iter_documents``."""
        if not skip and (steps := split_filter(where, self._indexes)):
            return await self._find_in_steps(steps, sort, limit=limit)
        cursor = self._cursor(where, sort, limit, skip)
        return [self._document.from_mongo(raw) for raw in await self._run_operation(lambda _: cursor.to_list(None))]

    async def list_fields(
        self, where: Filter, fields: Sequence[str], *, sort: Sequence[SortKey] = (), limit: int = 0
    ) -> builtins.list[RawDocument]:
        """Return some *fields* of the documents that match, as stored and without validation: for many documents."""
        keys, session = self._sort_keys(sort), self._transactions.session
        projection = dict.fromkeys(("_id", *fields), True)
        cursor = self._raw.find(where, projection, sort=keys, limit=limit, session=session, batch_size=limit)
        return await self._run_operation(lambda _: cursor.to_list(None))

    async def iter_fields(
        self, where: Filter, fields: Sequence[str], *, batch_size: int
    ) -> AsyncIterator[builtins.list[RawDocument]]:
        """Yield some *fields* of all documents that match, in no order, *batch_size* at a time: one query for all.

        A page after the other by a range of ids would read the whole collection for each page on the embedded server.
        """
        projection = dict.fromkeys(("_id", *fields), True)
        cursor = self._raw.find(where, projection, batch_size=batch_size, session=self._transactions.session)
        try:
            while batch := await self._run_operation(lambda _: cursor.to_list(batch_size)):
                yield batch
        finally:
            await cursor.close()

    async def insert_one(self, document: D) -> None:
        """Insert a document; DuplicateError when a unique index is violated."""
        raw = document.to_mongo()
        await self._run_operation(lambda session: self._raw.insert_one(raw, session=session))

    async def insert_once(self, document: D, *, key: str) -> D:
        """Insert *document*, or return the stored one with the same idempotency key, the unique field *key*.

        Not inside a transaction, which a duplicate aborts. DuplicateError when another unique field clashes.
        """
        try:
            await self.insert_one(document)
        except DuplicateError:
            stored = await self.find_one({key: getattr(document, key)})
            if stored is None:
                raise
            return stored
        return document

    async def insert_many(self, documents: Iterable[D]) -> None:
        """Insert documents in order, up to the first error."""
        raws = [document.to_mongo() for document in documents]
        if raws:
            await self._run_operation(lambda session: self._raw.insert_many(raws, session=session))

    async def insert_missing(self, documents: Iterable[D]) -> set[str]:
        """Insert those of *documents* whose id is new, in no order; return the ids that are there already.

        Not inside a transaction, which a duplicate aborts. DuplicateError when another unique field clashes.
        """
        raws = [document.to_mongo() for document in documents]
        return await self._run_operation(lambda session: self._insert_missing(raws, session)) if raws else set()

    async def replace_one(self, document: D, *, expect: Filter | None = None) -> bool:
        """Replace the document with the same id if it also matches *expect*; return whether it did."""
        raw = document.to_mongo()

        async def write(wanted: Filter) -> int:
            result = await self._run_operation(lambda session: self._raw.replace_one(wanted, raw, session=session))
            return result.matched_count

        return await self._write_matching({**(expect or {}), "_id": document.id}, write, many=False) == 1

    async def upsert_one(self, document: D) -> None:
        """Insert *document*, or replace the one with its id."""
        wanted, raw = {"_id": document.id}, document.to_mongo()
        await self._run_operation(lambda session: self._raw.replace_one(wanted, raw, upsert=True, session=session))

    async def update_one(self, where: Filter, change: Mapping[str, Any]) -> int:
        """Apply *change* (``{"$set": …}``) to the first that matches; return how many matched: 0 or 1."""
        return await self._update(self._raw.update_one, where, change, many=False)

    async def update_many(self, where: Filter, change: Mapping[str, Any]) -> int:
        """Apply *change* (``{"$set": …}``) to all that match; return how many matched."""
        return await self._update(self._raw.update_many, where, change, many=True)

    async def update_in_order(self, updates: Sequence[tuple[Filter, Mapping[str, Any]]]) -> None:
        """Apply each change to all that match its filter, one after the other, in one round trip.

        Not atomic: an error leaves those before it applied, and none after it. Outside of a transaction only.
        """
        if self._transactions.session is not None:
            raise TransactionMisuseError("updates in order have no transaction")
        operations = [UpdateMany(where, change) for where, change in updates]
        if operations:
            await self._run_operation(lambda _: self._raw.bulk_write(operations, ordered=True))

    async def delete_one(self, where: Filter) -> int:
        """Delete the first that matches; return how many were deleted: 0 or 1."""
        return await self._delete(self._raw.delete_one, where, many=False)

    async def delete_many(self, where: Filter) -> int:
        """Delete all that match; return how many were deleted."""
        return await self._delete(self._raw.delete_many, where, many=True)

    async def count_documents(self, where: Filter) -> int:
        """Return how many match."""
        if steps := split_filter(where, self._indexes):
            counted = await self._aggregate([*steps.stages, {"$group": {"_id": None, "count": {"$sum": 1}}}])
            return counted[0]["count"] if counted else 0
        return await self._run_operation(lambda session: self._raw.count_documents(where, session=session))

    async def run_pipeline(self, pipeline: Sequence[RawDocument]) -> builtins.list[RawDocument]:
        """Return the results of *pipeline*; UnsupportedQueryError for a form that some servers answer incorrectly."""
        check_pipeline(pipeline, self._arrays)
        return await self._aggregate(pipeline)

    async def sample_documents(self, size: int) -> builtins.list[RawDocument]:
        """Return up to *size* random documents as stored, including undeclared fields (C01)."""
        return await self.run_pipeline([{"$sample": {"size": size}}])

    async def _insert_missing(self, raws: builtins.list[RawDocument], session: RawSession | None) -> set[str]:
        try:
            await self._raw.insert_many(raws, ordered=False, session=session)
        except BulkWriteError as fault:
            if (places := duplicate_ids(fault)) is None:
                raise
            return {raws[place]["_id"] for place in places}
        return set()

    async def _update(self, raw_write: RawWrite, where: Filter, change: Mapping[str, Any], *, many: bool) -> int:
        async def write(wanted: Filter) -> int:
            result = await self._run_operation(lambda session: raw_write(wanted, change, session=session))
            return int(result.matched_count)

        return await self._write_matching(where, write, many=many)

    async def _delete(self, raw_write: RawWrite, where: Filter, *, many: bool) -> int:
        async def write(wanted: Filter) -> int:
            result = await self._run_operation(lambda session: raw_write(wanted, session=session))
            return int(result.deleted_count)

        return await self._write_matching(where, write, many=many)

    async def _write_matching(self, where: Filter, write: Callable[[Filter], Awaitable[int]], *, many: bool) -> int:
        """Apply *write* to the documents that match.

        Inside a transaction the ids are first found in two steps (see index_prefix), which the snapshot makes safe.
        Outside of one the filter is sent unchanged, so that the write stays one atomic operation, even if it scans.
        """
        steps = split_filter(where, self._indexes) if self._transactions.session else None
        if steps is None:
            return await write(where)
        found = await self._aggregate([*steps.stages, *([] if many else [{"$limit": 1}]), {"$project": {"_id": 1}}])
        ids = [raw["_id"] for raw in found]
        return await write({"_id": {"$in": ids}} if many else {"_id": ids[0]}) if ids else 0

    async def _find_in_steps(self, steps: TwoStepFilter, sort: Sequence[SortKey], *, limit: int) -> builtins.list[D]:
        keys, stages = self._sort_keys(sort), steps.stages
        if keys:
            stages.append({"$sort": dict(keys)})
        if limit:
            stages.append({"$limit": limit})
        return [self._document.from_mongo(raw) for raw in await self._aggregate(stages)]

    async def _aggregate(self, pipeline: Sequence[RawDocument]) -> builtins.list[RawDocument]:
        driver = self._transactions.driver
        return await self._run_operation(lambda session: driver.run_pipeline(self._raw, pipeline, session))

    def _cursor(self, where: Filter, sort: Sequence[SortKey], limit: int, skip: int) -> RawCursor:
        keys, session = self._sort_keys(sort), self._transactions.session
        return self._raw.find(where, sort=keys, limit=limit, skip=skip, session=session)

    def _sort_keys(self, sort: Sequence[SortKey]) -> builtins.list[tuple[str, int]] | None:
        keys = index_keys(sort)
        check_sort((field for field, _ in keys), self._arrays)
        return keys or None

    async def _run_operation(self, operation: Callable[[RawSession | None], Awaitable[T]]) -> T:
        return await self._transactions.run_operation(operation)

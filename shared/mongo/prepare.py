"""Makes a collection what its document declares: a closed validator and exactly the declared indexes.

The validator carries the release that made it, as its title (docs/decisions/0008).
"""

from typing import Any

from pymongo.errors import CollectionInvalid, OperationFailure

from shared.mongo.document import Document, Index, Raw, retention_limits
from shared.mongo.driver import RawCollection, RawDatabase
from shared.mongo.schema import json_schema
from shared.release import order

_NAMESPACE_EXISTS, _INDEX_NOT_FOUND = 48, 27
_IMPLIED = {"v", "key", "ns", "background"}


async def prepare(database: RawDatabase, document: type[Document], release: str) -> None:
    """Create or change the collection; running it twice, or by two processes at once, does no harm.

    What a newer release than *release* has made is left as it is.
    """
    wanted = {
        "validator": {"$jsonSchema": {"title": release, **json_schema(document)}},
        "validationLevel": "strict",
        "validationAction": "error",
    }
    present = await _options(database, document.collection)
    if present is None:
        present = await _created(database, document.collection, wanted)
    if _is_newer(present, release):
        return
    if any(present.get(key) != value for key, value in wanted.items()):
        await database.command({"collMod": document.collection, **wanted})
    await _index(database[document.collection], declared_indexes(document))


async def newer_in_force(database: RawDatabase, document: type[Document], release: str) -> bool:
    """Tell whether a newer release than *release* has made the collection."""
    return _is_newer(await _options(database, document.collection) or {}, release)


def _is_newer(present: Raw, release: str) -> bool:
    title = present.get("validator", {}).get("$jsonSchema", {}).get("title", "0")
    return order(title) > order(release)


def declared_indexes(document: type[Document]) -> dict[str, Index]:
    """Return the indexes of *document* by name, with one for each time that the retention sweeper looks at."""
    indexes = {index.name: index for index in document.indexes}
    swept = set(retention_limits(document)) - {index.fields[0][0] for index in document.indexes}
    return indexes | {index.name: index for index in map(Index, sorted(swept))}


async def _options(database: RawDatabase, name: str) -> Raw | None:
    cursor = await database.list_collections(filter={"name": name})
    found = await cursor.to_list(None)
    return dict(found[0].get("options", {})) if found else None


async def _created(database: RawDatabase, name: str, wanted: Raw) -> Raw:
    try:
        await database.create_collection(name, **wanted)
    except CollectionInvalid:
        return {}
    except OperationFailure as fault:
        if fault.code != _NAMESPACE_EXISTS:  # another process was first
            raise
        return {}
    return wanted


async def _index(collection: RawCollection, wanted: dict[str, Index]) -> None:
    present = await collection.index_information()
    for name, there in present.items():
        if name != "_id_" and (name not in wanted or not _same(there, wanted[name])):
            await _drop(collection, name)
            there.clear()
    for name, index in wanted.items():
        if not present.get(name):
            await collection.create_index(index.fields, name=name, **index.options)


def _same(there: Any, wanted: Index) -> bool:
    options = {key: value for key, value in there.items() if key not in _IMPLIED}
    return list(map(tuple, there["key"])) == wanted.fields and options == wanted.options


async def _drop(collection: RawCollection, name: str) -> None:
    try:
        await collection.drop_index(name)
    except OperationFailure as fault:
        if fault.code != _INDEX_NOT_FOUND:
            raise

"""Synchronizes a collection with its document class: a closed validator and exactly the declared indexes.

The title of the validator is the release that wrote it (docs/decisions/0008).
"""

from typing import Any

from pymongo.errors import CollectionInvalid, OperationFailure

from shared.mongo.document import Document, Index, RawDocument, retention_limits
from shared.mongo.driver import RawCollection, RawDatabase
from shared.mongo.schema import build_json_schema
from shared.release import version_key

_NAMESPACE_EXISTS_CODE, _INDEX_NOT_FOUND_CODE = 48, 27
_IMPLICIT_OPTIONS = {"v", "key", "ns", "background"}


async def ensure_collection(database: RawDatabase, document: type[Document], release: str) -> None:
    """Create or update the collection; idempotent, and safe in two processes at once.

    A collection changed by a newer release than *release* is left alone.
    """
    wanted = {
        "validator": {"$jsonSchema": {"title": release, **build_json_schema(document)}},
        "validationLevel": "strict",
        "validationAction": "error",
    }
    present = await _read_options(database, document.collection)
    if present is None:
        present = await _create_collection(database, document.collection, wanted)
    if _is_newer(present, release):
        return
    if any(present.get(key) != value for key, value in wanted.items()):
        await database.command({"collMod": document.collection, **wanted})
    await _sync_indexes(database[document.collection], list_declared_indexes(document))


async def has_newer_schema(database: RawDatabase, document: type[Document], release: str) -> bool:
    """Return whether a newer release than *release* created or changed the collection."""
    return _is_newer(await _read_options(database, document.collection) or {}, release)


def _is_newer(present: RawDocument, release: str) -> bool:
    title = present.get("validator", {}).get("$jsonSchema", {}).get("title", "0")
    return version_key(title) > version_key(release)


def list_declared_indexes(document: type[Document]) -> dict[str, Index]:
    """Return the indexes of *document* by name, with one for each time field of the retention sweeper."""
    indexes = {index.name: index for index in document.indexes}
    swept = set(retention_limits(document)) - {index.fields[0][0] for index in document.indexes}
    return indexes | {index.name: index for index in map(Index, sorted(swept))}


async def _read_options(database: RawDatabase, name: str) -> RawDocument | None:
    cursor = await database.list_collections(filter={"name": name})
    found = await cursor.to_list(None)
    return dict(found[0].get("options", {})) if found else None


async def _create_collection(database: RawDatabase, name: str, wanted: RawDocument) -> RawDocument:
    try:
        await database.create_collection(name, **wanted)
    except CollectionInvalid:
        return {}
    except OperationFailure as fault:
        if fault.code != _NAMESPACE_EXISTS_CODE:  # another process was first
            raise
        return {}
    return wanted


async def _sync_indexes(collection: RawCollection, wanted: dict[str, Index]) -> None:
    present = await collection.index_information()
    for name, existing in present.items():
        if name != "_id_" and (name not in wanted or not _is_same_index(existing, wanted[name])):
            await _drop_index(collection, name)
            existing.clear()
    for name, index in wanted.items():
        if not present.get(name):
            await collection.create_index(index.fields, name=name, **index.options)


def _is_same_index(existing: Any, wanted: Index) -> bool:
    options = {key: value for key, value in existing.items() if key not in _IMPLICIT_OPTIONS}
    return list(map(tuple, existing["key"])) == wanted.fields and options == wanted.options


async def _drop_index(collection: RawCollection, name: str) -> None:
    try:
        await collection.drop_index(name)
    except OperationFailure as fault:
        if fault.code != _INDEX_NOT_FOUND_CODE:
            raise

"""Reads every document of every database as its stored bytes, for a scan that trusts no model."""

from collections.abc import AsyncIterator

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from shared.mongo.driver import CLIENT_OPTIONS
from shared.mongo.errors import translate_error

_BATCH_BYTES = 1 << 20
_SYSTEM_DATABASES = frozenset({"config", "local"})


async def iter_raw_documents(url: str) -> AsyncIterator[tuple[str, int, bytes]]:
    """Yield ``database.collection``, a number of documents and their BSON bytes, about a mebibyte at a time.

    The user of *url* must be allowed to read all databases; StoreUnavailableError when the server does not answer.
    """
    client: AsyncMongoClient[RawBSONDocument] = AsyncMongoClient(url, **CLIENT_OPTIONS)
    async with client:
        try:
            for name in await client.list_database_names():
                if name in _SYSTEM_DATABASES:
                    continue
                database = client.get_database(name, codec_options=CodecOptions(document_class=RawBSONDocument))
                for collection in await database.list_collection_names():
                    batch, size = list[bytes](), 0
                    async for document in database[collection].find():
                        batch.append(bytes(document.raw))
                        size += len(document.raw)
                        if size >= _BATCH_BYTES:
                            yield f"{name}.{collection}", len(batch), b"\n".join(batch)
                            batch, size = [], 0
                    yield f"{name}.{collection}", len(batch), b"\n".join(batch)
        except PyMongoError as fault:
            raise translate_error(fault) from None

"""MongoDB, and the only package that knows its driver: closed documents, aware times, ambient transactions."""

from shared.mongo.collection import Collection
from shared.mongo.database import Database, abort_all_transactions, open_database
from shared.mongo.document import Document, EmbeddedValue, Index
from shared.mongo.errors import (
    DuplicateError,
    SchemaValidationError,
    StoreUnavailableError,
    TransactionMisuseError,
    WriteConflictError,
)
from shared.mongo.gridfs import CorruptFileError, GridFs, GridFsChunkDocument, GridFsFileDocument
from shared.mongo.leases import Lease, LeaseDocument, LeaseLostError, Leases
from shared.mongo.portable import UnsupportedQueryError
from shared.mongo.retention import RetentionSweeper, build_data_map

__all__ = [
    "Collection",
    "CorruptFileError",
    "Database",
    "Document",
    "DuplicateError",
    "EmbeddedValue",
    "GridFs",
    "GridFsChunkDocument",
    "GridFsFileDocument",
    "Index",
    "Lease",
    "LeaseDocument",
    "LeaseLostError",
    "Leases",
    "RetentionSweeper",
    "SchemaValidationError",
    "StoreUnavailableError",
    "TransactionMisuseError",
    "UnsupportedQueryError",
    "WriteConflictError",
    "abort_all_transactions",
    "build_data_map",
    "open_database",
]

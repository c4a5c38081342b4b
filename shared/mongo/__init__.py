"""MongoDB access: closed documents, aware datetimes, ambient transactions. The only package that imports a driver."""

from shared.mongo.collection import Collection
from shared.mongo.data_format import DataFormatDocument
from shared.mongo.database import Database, abort_all_transactions, open_database
from shared.mongo.document import Document, EmbeddedValue, Index
from shared.mongo.errors import (
    DuplicateError,
    IncompatibleDataError,
    SchemaValidationError,
    StoreUnavailableError,
    TransactionMisuseError,
    WriteConflictError,
)
from shared.mongo.gridfs import CorruptFileError, GridFs, GridFsChunkDocument, GridFsFileDocument
from shared.mongo.leases import Lease, LeaseDocument, LeaseLostError, Leases
from shared.mongo.paging import decode_position, encode_position, filter_after, sort_newest_first
from shared.mongo.portable import UnsupportedQueryError
from shared.mongo.raw_documents import iter_raw_documents
from shared.mongo.retention import RetentionSweeper, build_data_map
from shared.mongo.transaction import Transact
from shared.mongo.users import ADMIN_DATABASE, DatabaseUser, ensure_users
from shared.mongo.writes import Change, Insert, Replace, Write

__all__ = [
    "ADMIN_DATABASE",
    "Change",
    "Collection",
    "CorruptFileError",
    "DataFormatDocument",
    "Database",
    "DatabaseUser",
    "Document",
    "DuplicateError",
    "EmbeddedValue",
    "GridFs",
    "GridFsChunkDocument",
    "GridFsFileDocument",
    "IncompatibleDataError",
    "Index",
    "Insert",
    "Lease",
    "LeaseDocument",
    "LeaseLostError",
    "Leases",
    "Replace",
    "RetentionSweeper",
    "SchemaValidationError",
    "StoreUnavailableError",
    "Transact",
    "TransactionMisuseError",
    "UnsupportedQueryError",
    "Write",
    "WriteConflictError",
    "abort_all_transactions",
    "build_data_map",
    "decode_position",
    "encode_position",
    "ensure_users",
    "filter_after",
    "iter_raw_documents",
    "open_database",
    "sort_newest_first",
]

"""MongoDB, and the only package that knows its driver: closed documents, aware times, ambient transactions."""

from shared.mongo.collection import Collection
from shared.mongo.database import Database, end_transactions, open_database
from shared.mongo.document import Document, Embedded, Index
from shared.mongo.errors import (
    ContentionError,
    DuplicateError,
    StoreUnavailableError,
    TransactionMisuseError,
    UndeclaredError,
)
from shared.mongo.files import ChunkRow, FileDamagedError, FileRow, Files
from shared.mongo.leases import Lease, LeaseLostError, LeaseRow, Leases
from shared.mongo.portable import UnportableError
from shared.mongo.retention import RetentionSweeper, data_map

__all__ = [
    "ChunkRow",
    "Collection",
    "ContentionError",
    "Database",
    "Document",
    "DuplicateError",
    "Embedded",
    "FileDamagedError",
    "FileRow",
    "Files",
    "Index",
    "Lease",
    "LeaseLostError",
    "LeaseRow",
    "Leases",
    "RetentionSweeper",
    "StoreUnavailableError",
    "TransactionMisuseError",
    "UndeclaredError",
    "UnportableError",
    "data_map",
    "end_transactions",
    "open_database",
]

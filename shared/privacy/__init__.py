"""Privacy operations of every service on an account: erasure, export, and records of access by others."""

from shared.privacy.access import DataAccess, record_access
from shared.privacy.erasure import (
    AccountEraser,
    ErasedCounts,
    EraseSubject,
    ErasureConsumer,
    ErasureResult,
    RetainedRecord,
    build_receipt,
)
from shared.privacy.export import AccountExport, ExportPage, ExportPart, ExportServer, PagedExport

__all__ = [
    "AccountEraser",
    "AccountExport",
    "DataAccess",
    "EraseSubject",
    "ErasedCounts",
    "ErasureConsumer",
    "ErasureResult",
    "ExportPage",
    "ExportPart",
    "ExportServer",
    "PagedExport",
    "RetainedRecord",
    "build_receipt",
    "record_access",
]

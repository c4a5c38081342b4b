"""Database errors, without the driver's types and without the stored values that its messages quote."""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from shared.errors import ConflictError, UnavailableError
from shared.release import DATA_FORMAT

_DUPLICATE_KEY_CODE = 11000
_VALIDATION_FAILURE_CODE = 121
_ACCESS_CODES = {13, 18}
"""Unauthorized, AuthenticationFailed."""


class DuplicateError(ConflictError):
    """A document with the same unique value exists."""

    code = "data.document.duplicate"

    def __init__(self, fields: Iterable[str]) -> None:
        """*fields* are the stored fields of the violated unique index; the value is not shown."""
        self.unique = tuple(fields)
        super().__init__(f"Something with the same {' and '.join(self.unique)} is already there")


class StoreUnavailableError(UnavailableError):
    """The database does not answer."""

    code = "data.store.unavailable"


class WriteConflictError(UnavailableError):
    """Too many concurrent changes to the same data."""

    code = "data.write.conflict"


class IncompatibleDataError(Exception):
    """The database was written by a build with another data format; the message is one line with the remedy."""

    def __init__(self, database: str, *, found: int | None) -> None:
        """*found* is the format mark of the database; None for a database of an older build, which has no mark."""
        has = "of an older build (it has no format mark)" if found is None else f"in format {found}"
        super().__init__(
            f"MONGO_DATABASE={database} holds data {has}, this build reads format {DATA_FORMAT}: "
            "drop the database, or choose another one"
        )


class SchemaValidationError(Exception):
    """The closed validator rejected a field or value that the model does not declare: a bug, so the text is opaque."""


class TransactionMisuseError(Exception):
    """A transaction was used in a way that MongoDB rejects late or not at all: a bug, so the text is opaque."""


def is_transient(fault: PyMongoError) -> bool:
    """Return whether the whole transaction can be retried."""
    return fault.has_error_label("TransientTransactionError")


def is_commit_unknown(fault: PyMongoError) -> bool:
    """Return whether the outcome of the commit is unknown, so that it must be retried."""
    return fault.has_error_label("UnknownTransactionCommitResult")


def translate_error(fault: PyMongoError) -> Exception:
    """Return the error of ``shared.mongo`` for *fault*; an unknown fault is returned unchanged."""
    codes = {int(detail.get("code") or 0): detail for detail in _error_details(fault)}
    if _DUPLICATE_KEY_CODE in codes:
        return DuplicateError(codes[_DUPLICATE_KEY_CODE].get("keyPattern", {"unique field": 1}))
    if _VALIDATION_FAILURE_CODE in codes:
        return SchemaValidationError("the validator of the collection refused the document")
    if _ACCESS_CODES & codes.keys():
        return StoreUnavailableError("The database refuses the user or the password of this service")
    if isinstance(fault, ConnectionFailure | WaitQueueTimeoutError | ExecutionTimeout):
        return StoreUnavailableError()
    if is_transient(fault):
        return WriteConflictError()
    return fault


def duplicate_ids(fault: BulkWriteError) -> list[int] | None:
    """Return the places of the documents whose ``_id`` was taken; None when anything else went wrong, too."""
    errors = fault.details.get("writeErrors", [])
    is_known = all(
        one.get("code") == _DUPLICATE_KEY_CODE and list(one.get("keyPattern", {"_id": 1})) == ["_id"] for one in errors
    )
    if not errors or not is_known or fault.details.get("writeConcernErrors"):
        return None
    return [one["index"] for one in errors]


def _error_details(fault: PyMongoError) -> list[Mapping[str, Any]]:
    if isinstance(fault, BulkWriteError):
        return list(fault.details.get("writeErrors", []))
    if isinstance(fault, OperationFailure) and fault.details:
        return [fault.details]
    return []

"""The errors of imports."""

from collections.abc import Mapping
from typing import Self

from shared.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError

_MESSAGES: Mapping[str, str] = {
    "encoding_invalid": "is not UTF-8; save the file as UTF-8, or as UTF-16 with a byte order mark",
    "not_text": "contains a NUL character; the file is no text",
    "quote_not_closed": "opens a quote that is not closed",
    "record_too_long": "is too long; the file is no CSV",
    "header_missing": "names no column for the address, such as Email or Email Address",
    "column_ambiguous": "names the same column twice",
    "no_rows": "has no usable row below it",
    "too_many_rows": "is beyond the number of rows that one file may have",
}


class ContactFileError(InvalidInputError):
    """The file cannot be imported; nothing of it was taken."""

    code = "newsletter.import.file_invalid"
    remedy = "Correct the named line, or export the contacts again as CSV, and upload the whole file again."

    @classmethod
    def at_line(cls, line: int, code: str) -> Self:
        """Return the error of a line; *code* is one of those above."""
        message = f"Line {line} {_MESSAGES[code]}."
        return cls(message, fields=(FieldProblem(field=f"line.{line}", code=code, message=message),))


class ImportNotFoundError(NotFoundError):
    """The import does not exist."""

    code = "newsletter.import.not_found"


class ImportStartedError(ConflictError):
    """The import was started or cancelled before."""

    code = "newsletter.import.not_ready"
    remedy = "Read the import. To import the file once more, upload it again."

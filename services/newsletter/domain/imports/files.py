"""Reads the contacts of an uploaded file, whatever its shape, in chunks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.newsletter.domain.imports.columns import Contact, ContactColumns, RowRefusedError
from services.newsletter.domain.imports.csv_text import CsvDecoder, CsvRecord, candidate_headers, declared_delimiter
from services.newsletter.domain.imports.imports import RefusedRow
from services.newsletter.errors.imports import ContactFileError

MAX_STORED_REFUSALS = 200


@dataclass(slots=True)
class RefusedRows:
    """The refused rows of an import: all are counted, the first are kept."""

    count: int = 0
    first: list[RefusedRow] = field(default_factory=list)

    def add(self, file: str, line: int, code: str) -> None:
        """Count a row; keep it when it is among the first."""
        self.count += 1
        if len(self.first) < MAX_STORED_REFUSALS:
            self.first.append(RefusedRow(file=file, line=line, code=code))


@dataclass(slots=True, kw_only=True)
class ContactFile:
    """One CSV file: feed it chunks, get contacts. Rows that cannot be used go to *refused* with their line."""

    name: str
    refused: RefusedRows
    max_rows: int
    is_optional: bool = False
    """In an archive, a file without an address column is passed over."""
    row_count: int = 0
    _decoder: CsvDecoder = field(default_factory=CsvDecoder)
    _delimiter: str | None = None
    _columns: ContactColumns | None = None
    _is_passed_over: bool = False

    @property
    def has_header(self) -> bool:
        """Whether the file had a header with an address column."""
        return self._columns is not None

    def read_chunk(self, chunk: bytes, *, final: bool = False) -> Iterator[Contact]:
        """Yield the contacts that *chunk* completes."""
        if self._is_passed_over:
            return
        for record in self._decoder.read_chunk(chunk, final=final):
            if self._columns is not None:
                yield from self._read_row(record, self._columns)
            elif not self._read_header(record):
                self._is_passed_over = True
                return
        if final and self._columns is None and not self.is_optional:
            raise ContactFileError.at_line(1, "header_missing")

    def _read_header(self, record: CsvRecord) -> bool:
        """Find the columns; return False when this file is to be passed over."""
        if self._delimiter is None and (declared := declared_delimiter(record)):
            self._delimiter = declared
            return True
        for delimiter, header in candidate_headers(record):
            if self._delimiter not in {None, delimiter}:
                continue
            if columns := ContactColumns.find_in(header, file_name=self.name):
                self._delimiter, self._columns = delimiter, columns
                return True
        if not self.is_optional:
            raise ContactFileError.at_line(record.line, "header_missing")
        return False

    def _read_row(self, record: CsvRecord, columns: ContactColumns) -> Iterator[Contact]:
        self.row_count += 1
        if self.row_count > self.max_rows:
            raise ContactFileError.at_line(record.line, "too_many_rows")
        try:
            yield columns.read_contact(record.line, self._parse_cells(record))
        except RowRefusedError as refusal:
            self.refused.add(self.name, record.line, str(refusal))

    def _parse_cells(self, record: CsvRecord) -> list[str]:
        try:
            return record.parse_cells(self._delimiter or ",")
        except ValueError:
            raise RowRefusedError("quotes_malformed") from None


def read_all(file: ContactFile, chunks: Iterable[bytes]) -> Iterator[Contact]:
    """Yield all contacts of *file*."""
    for chunk in chunks:
        yield from file.read_chunk(chunk)
    yield from file.read_chunk(b"", final=True)

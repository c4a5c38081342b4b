"""Reads CSV from bytes as they arrive: encodings, records over several lines, line numbers (RFC 4180)."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.newsletter.errors.imports import ContactFileError

MAX_RECORD_CHARS = 64 * 1024
"""A record beyond it is an unclosed quote, or no CSV."""
_ENCODINGS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST_BOM = 3
_DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = "sep="


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record as text, with the number of its first line."""

    line: int
    text: str

    def parse_cells(self, delimiter: str) -> list[str]:
        """Return the cells; ValueError when the quotes of the record do not match."""
        try:
            return next(csv.reader([self.text], delimiter=delimiter, strict=True))
        except csv.Error as fault:
            raise ValueError(str(fault)) from None


class CsvDecoder:
    """Turns chunks of a file into records; ContactFileError names the line that cannot be read."""

    def __init__(self) -> None:
        self._decoder: io.IncrementalNewlineDecoder | None = None
        self._head = b""
        self._rest = ""
        self._record: list[str] = []
        self._record_line = self._record_size = self._line = 0
        self._open_quote = False

    def read_chunk(self, chunk: bytes, *, final: bool = False) -> Iterator[CsvRecord]:
        """Yield the records that *chunk* completes; *final* with the last one, which may be empty."""
        if self._decoder is None:
            self._head += chunk
            if len(self._head) < _LONGEST_BOM and not final:
                return
            chunk, self._head = self._head, b""
            self._decoder = io.IncrementalNewlineDecoder(_find_decoder(chunk), translate=True)
        *lines, self._rest = (self._rest + self._decode(self._decoder, chunk, final=final)).split("\n")
        if final and self._rest:
            lines.append(self._rest)
        for line in lines:
            yield from self._add_line(line)
        if len(self._rest) > MAX_RECORD_CHARS:
            raise ContactFileError.at_line(self._line + 1, "record_too_long")
        if final and self._record:
            raise ContactFileError.at_line(self._record_line, "quote_not_closed")

    def _decode(self, decoder: io.IncrementalNewlineDecoder, chunk: bytes, *, final: bool) -> str:
        try:
            text = decoder.decode(chunk, final)
        except UnicodeDecodeError as fault:
            before = fault.object[: fault.start].count(b"\n")
            raise ContactFileError.at_line(self._line + 1 + before, "encoding_invalid") from None
        if "\0" in text:
            raise ContactFileError.at_line(self._line + 1 + text[: text.index("\0")].count("\n"), "not_text")
        return text

    def _add_line(self, line: str) -> Iterator[CsvRecord]:
        self._line += 1
        if not self._record:
            self._record_line, self._record_size = self._line, 0
        self._record.append(line)
        self._record_size += len(line) + 1
        # A record ends at the first line break outside of quotes: where the quotes so far are even.
        self._open_quote ^= line.count('"') % 2 == 1
        if self._open_quote:
            if self._record_size > MAX_RECORD_CHARS:
                raise ContactFileError.at_line(self._record_line, "quote_not_closed")
            return
        text = "\n".join(self._record)
        self._record = []
        if len(text) > MAX_RECORD_CHARS:
            raise ContactFileError.at_line(self._record_line, "record_too_long")
        if text.strip():
            yield CsvRecord(self._record_line, text)


def declared_delimiter(record: CsvRecord) -> str | None:
    """Return the delimiter of a line ``sep=;``, which spreadsheets put before the header; None for any other line."""
    text = record.text.strip()
    is_declaration = text.casefold().startswith(_SEP_LINE) and len(text) == len(_SEP_LINE) + 1
    return text[-1] if is_declaration and text[-1] in _DELIMITERS else None


def candidate_headers(record: CsvRecord) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the header as each delimiter would split it."""
    for delimiter in _DELIMITERS:
        try:
            yield delimiter, record.parse_cells(delimiter)
        except ValueError:
            continue


def _find_decoder(start: bytes) -> codecs.IncrementalDecoder:
    encoding = next((name for mark, name in _ENCODINGS if start.startswith(mark)), "utf-8")
    return codecs.getincrementaldecoder(encoding)("strict")

"""Opens a ZIP of exported contacts (Mailchimp has three files in it), and refuses one that is a trap."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from services.newsletter.errors.imports import ContactFileError

ZIP_START = b"PK\x03\x04"
_MAX_FILES = 50
_CHUNK_BYTES = 64 * 1024
_MAX_RATIO = 200
"""Text of addresses shrinks to a tenth; a file that shrinks more than this is a trap."""
_LEFT_OUT = ("posts/", "__macosx/")
"""Substack's archive has the readers of every post in there, Apple's has shadows of every file."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A CSV file in an archive, to be read in chunks."""

    name: str
    _archive: zipfile.ZipFile
    _info: zipfile.ZipInfo

    def iter_chunks(self) -> Iterator[bytes]:
        """Yield the content; ContactFileError when it is damaged or longer than it says."""
        seen = 0
        try:
            with self._archive.open(self._info) as opened:
                while chunk := opened.read(_CHUNK_BYTES):
                    seen += len(chunk)
                    if seen > self._info.file_size:
                        raise ContactFileError("The archive is not what it says.")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as fault:
            raise ContactFileError("A file of the archive is damaged or encrypted.") from fault


def open_archive(content: bytes, *, max_bytes: int) -> list[ArchivedFile]:
    """Return the CSV files of a ZIP in their order; *max_bytes* limits what they have unpacked, together."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as fault:
        raise ContactFileError("The archive cannot be opened.") from fault
    wanted = [info for info in archive.infolist() if _is_wanted(info)]
    if not wanted:
        raise ContactFileError("The archive contains no CSV file. Save a spreadsheet as CSV.")
    if len(wanted) > _MAX_FILES:
        raise ContactFileError(f"The archive contains more than {_MAX_FILES} CSV files.")
    if sum(info.file_size for info in wanted) > max_bytes or any(_is_trap(info) for info in wanted):
        raise ContactFileError("The archive unpacks to more than is read here.")
    if any(info.flag_bits & 1 for info in wanted):
        raise ContactFileError("The archive is encrypted.")
    return [ArchivedFile(_short_name(info.filename), archive, info) for info in wanted]


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    name = info.filename.casefold()
    return name.endswith(".csv") and not info.is_dir() and not any(part in f"/{name}" for part in _LEFT_OUT)


def _is_trap(info: zipfile.ZipInfo) -> bool:
    return info.file_size > _MAX_RATIO * max(info.compress_size, 1)


def _short_name(name: str) -> str:
    base = name.rpartition("/")[2]
    return "".join(char for char in base if char.isprintable())[:100]

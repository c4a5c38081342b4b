"""An offline list of breached passwords: the first 48 bits of each SHA-1, sorted, searched on disk.

To build a larger list than the bundled one, download a corpus and set ``IDENTITY_BREACHED_PASSWORDS`` to OUT::

    python -m services.identity.domain.authentication.breached CORPUS OUT

CORPUS has one entry a line: a password, or a SHA-1 with a count after a colon, as Have I Been Pwned publishes
them. No service is queried, so a password never leaves this process.
"""

import hashlib
import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

_ENTRY_SIZE = 6
"""Bytes of each entry. With ten million entries, one password in 28 million is rejected by mistake."""
_MAGIC = b"candor-breached1"
_MIN_LENGTH = 8
_SHA1_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::\d+)?\s*")
BUNDLED_FILE = Path(__file__).with_name("passwords.bin")


class BreachedFileError(Exception):
    """The file was not written by ``build_file``."""


class BreachedPasswords:
    """The passwords of one file. A lookup takes about 25 comparisons; the file is not read into memory."""

    def __init__(self, path: Path = BUNDLED_FILE) -> None:
        """Open *path*; BreachedFileError for another format, OSError if it cannot be read."""
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
            size = path.stat().st_size - len(_MAGIC)
            if start != _MAGIC or size < _ENTRY_SIZE or size % _ENTRY_SIZE:
                raise BreachedFileError(
                    f"{path.name} was not built by python -m services.identity.domain.authentication.breached"
                )
            self._map = mmap(file.fileno(), 0, access=ACCESS_READ)
        self._count = size // _ENTRY_SIZE

    def __len__(self) -> int:
        return self._count

    def __contains__(self, password: object) -> bool:
        if not isinstance(password, str):
            return False
        wanted = _truncate_digest(hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False).digest())
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._entry_at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low < self._count and self._entry_at(low) == wanted

    def _entry_at(self, index: int) -> bytes:
        begins = len(_MAGIC) + index * _ENTRY_SIZE
        return self._map[begins : begins + _ENTRY_SIZE]


def build_file(lines: Iterable[bytes], out: Path) -> int:
    """Write the entries of a corpus to *out*; return their number."""
    # Integers instead of bytes: ten million of them fit into 80 MB.
    numbers = array("Q", (int.from_bytes(entry, "big") for entry in _parse_lines(lines)))
    ordered = sorted(set(numbers))
    with out.open("wb") as file:
        file.write(_MAGIC)
        for number in ordered:
            file.write(struct.pack(">Q", number)[-_ENTRY_SIZE:])
    return len(ordered)


def _parse_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        if hashed := _SHA1_LINE.fullmatch(line):
            yield _truncate_digest(bytes.fromhex(hashed[1].decode()))
        elif len(password := line.rstrip(b"\r\n").decode(errors="ignore")) >= _MIN_LENGTH:
            yield _truncate_digest(hashlib.sha1(password.encode(), usedforsecurity=False).digest())


def _truncate_digest(digest: bytes) -> bytes:
    return digest[:_ENTRY_SIZE]

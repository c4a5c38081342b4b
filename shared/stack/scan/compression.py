"""Unpacks what gzip, zlib and zip have compressed, wherever it stands inside other bytes."""

import zlib
from collections.abc import Iterator
from typing import Protocol

_MAX_UNPACKED = 32 << 20
"""Bytes of one compressed stream; a bomb unpacks to more."""
_STEP = 1 << 14
_MIN_UNPACKED = 12
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip", 31),
    (b"PK\x03\x04", "zip", -15),
    *((bytes([0x78, level]), "zlib", 15) for level in (0x01, 0x5E, 0x9C, 0xDA)),
)
"""The first bytes of each format, and how zlib names it: by window bits."""
_ZIP_HEADER = 30
_DEFLATED = 8


class Buffer(Protocol):
    """Bytes that are read in slices: ``bytes``, or a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, span: slice, /) -> bytes: ...


def decompress_all(window: bytes, data: Buffer, offset: int) -> Iterator[tuple[str, bytes]]:
    """Yield the format and the content of each compressed stream that begins in *window*, at *offset* of *data*.

    Of a damaged stream the content is what can be unpacked.
    """
    for magic, kind, window_bits in _MAGIC:
        for position in _find_all(magic, window):
            start = _deflate_start(data, offset + position) if kind == "zip" else offset + position
            unpacked = _inflate(data, start, window_bits) if start >= 0 else b""
            if len(unpacked) >= _MIN_UNPACKED:
                yield kind, unpacked


def _find_all(magic: bytes, window: bytes) -> Iterator[int]:
    position = window.find(magic)
    while position >= 0:
        yield position
        position = window.find(magic, position + 1)


def _deflate_start(data: Buffer, start: int) -> int:
    """Return where the compressed bytes of a zip entry begin; -1 if it is stored as it is, and so found anyway."""
    header = data[start : start + _ZIP_HEADER]
    if len(header) < _ZIP_HEADER or int.from_bytes(header[8:10], "little") != _DEFLATED:
        return -1
    return start + _ZIP_HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def _inflate(data: Buffer, start: int, window_bits: int) -> bytes:
    unpacker, parts, size = zlib.decompressobj(window_bits), list[bytes](), 0
    while start < len(data) and not unpacker.eof and size < _MAX_UNPACKED:
        try:
            part = unpacker.decompress(data[start : start + _STEP], _MAX_UNPACKED - size)
        except zlib.error:  # not compressed at all, or damaged from here
            break
        parts.append(part)
        size += len(part)
        start += _STEP
    return b"".join(parts)

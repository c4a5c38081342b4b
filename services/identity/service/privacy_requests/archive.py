"""The archive of an export as a stream. The same export always gives the same bytes (C26)."""

import asyncio
import html
import io
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from services.identity.domain.privacy_requests.lifecycle import SERVICES, archive_path
from services.identity.store import ExportDocument, Exports
from shared.clock import rfc3339
from shared.registry import get_registry

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_README_TEMPLATE = """This is everything we hold about you, as of {at}.

Open index.html for an overview. Each of our services has a folder:

{parts}

The .json files can be read by people and programs.
"""

_SERVICE_DESCRIPTIONS = {service.name: service.holds for service in get_registry() if service.holds}

_INDEX_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What we hold about you</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}</style>
</head>
<body>
<h1>What we hold about you</h1>
<p>As of {at}.</p>
{sections}
</body>
</html>
"""


class _ZipBuffer(io.RawIOBase):
    """The file that ZipFile writes to: it cannot seek, and holds only what was not read yet."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Append *data*."""
        self._chunks.append(bytes(data))
        return len(self._chunks[-1])

    def read_pending(self) -> bytes:
        """Return the data since the last call."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data


@dataclass(slots=True, kw_only=True)
class _ArchiveNames:
    """The names in the archive, in order: for the index, and to make duplicates unique."""

    by_service: dict[str, list[str]] = field(default_factory=lambda: {service: [] for service in SERVICES})
    used_names: set[str] = field(default_factory=set)
    original_names: dict[str, str] = field(default_factory=dict)
    """What a file is called at the service, where Windows could not open that name."""

    def reserve_name(self, service: str, path: str) -> str:
        path_in_archive = archive_path(service, path)
        stem, dot, extension = path_in_archive.rpartition(".")
        name, number = path_in_archive, 2
        while name.casefold() in self.used_names:
            name = (
                f"{stem} ({number}){dot}{extension}"
                if dot and "/" not in extension
                else f"{path_in_archive} ({number})"
            )
            number += 1
        self.used_names.add(name.casefold())
        self.by_service[service].append(name)
        if name != f"{service}/{path}":
            self.original_names[name] = path
        return name


class _ArchiveWriter:
    """An archive being written."""

    def __init__(self, at: datetime) -> None:
        self.created_at = at
        self.names = _ArchiveNames()
        self._buffer = _ZipBuffer()
        self.zip_file = ZipFile(self._buffer, "w", ZIP_DEFLATED)

    def read_pending(self) -> bytes:
        """Return the bytes that can be sent."""
        return self._buffer.read_pending()

    def add_text(self, name: str, text: str) -> None:
        """Add a small file of our own."""
        self.zip_file.writestr(_zip_info(name, self.created_at), text)

    def open_file(self, service: str, path: str) -> IO[bytes]:
        """Open a file of *service*, of any length."""
        return self.zip_file.open(
            _zip_info(self.names.reserve_name(service, path), self.created_at), "w", force_zip64=True
        )


@dataclass(frozen=True, slots=True)
class ExportArchiver:
    """Streams archives. One chunk is in memory at a time."""

    exports: Exports

    async def stream_archive(self, export: ExportDocument) -> AsyncGenerator[bytes, None]:
        """Yield the zip file of *export*."""
        writer = _ArchiveWriter(export.created_at)
        with writer.zip_file:
            writer.add_text("README.txt", _render_readme(export.created_at))
            for service in SERVICES:
                # Also closed when the client disconnects: a zip file with an open entry cannot be closed.
                async with aclosing(self._stream_service(writer, export, service)) as pieces:
                    async for chunk in pieces:
                        yield chunk
            writer.add_text("index.html", _render_index(writer.names, export.created_at))
        yield writer.read_pending()

    async def _stream_service(
        self, writer: _ArchiveWriter, export: ExportDocument, service: str
    ) -> AsyncGenerator[bytes, None]:
        path, entry = None, None
        try:
            async for piece_path, content in self.exports.stream_chunks(export, service):
                if entry is None or piece_path != path:
                    if entry is not None:
                        entry.close()
                    path, entry = piece_path, writer.open_file(service, piece_path)
                # Off the event loop: compressing a chunk takes milliseconds.
                await asyncio.to_thread(entry.write, content)
                yield writer.read_pending()
        finally:
            if entry is not None:
                entry.close()
        if entry is None:
            writer.add_text(writer.names.reserve_name(service, "nothing.txt"), "We hold no data about you here.\n")
        yield writer.read_pending()


def _zip_info(name: str, at: datetime) -> ZipInfo:
    info = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _render_readme(at: datetime) -> str:
    width = max(map(len, _SERVICE_DESCRIPTIONS)) + 2
    parts = (f"  {service:{width}} {holds}" for service, holds in _SERVICE_DESCRIPTIONS.items())
    return _README_TEMPLATE.format(at=rfc3339(at), parts="\n".join(parts))


def _render_index(names: _ArchiveNames, at: datetime) -> str:
    sections = [_render_section(service, names.by_service[service], names.original_names) for service in SERVICES]
    return _INDEX_TEMPLATE.format(at=rfc3339(at), sections="\n".join(sections))


def _render_item(name: str, original_name: str | None) -> str:
    called = "" if original_name is None else f" (its name is {html.escape(repr(original_name))})"
    return f'<li><a href="{quote(name)}">{html.escape(name)}</a>{called}</li>'


def _render_section(service: str, names: list[str], original_names: Mapping[str, str]) -> str:
    items = "\n".join(_render_item(name, original_names.get(name)) for name in names)
    return (
        f"<h2>{service}</h2>\n<p>{html.escape(_SERVICE_DESCRIPTIONS[service])}: {len(names)}.</p>\n<ul>\n{items}\n</ul>"
    )

"""The archive of an export as a stream of bytes: the same export always gives the same archive (C26)."""

import asyncio
import html
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from services.identity.domain.requests import SERVICES, archive_path
from services.identity.store import Export, Exports
from shared.clock import rfc3339

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_README = """This is everything that we hold about you, as of {at}.

Open index.html for an overview. There is one folder for each part of our service:

  identity     your account, where you are logged in, your app passwords
  newsletter   what you have subscribed to, with the record of your consent
  sync         your files, as you have stored them
  payments     what is kept of your cards, and your payments
  telemetry    statistics about our software; they are not connected to accounts
  disclosure   who has seen your data, and why

The .json files can be read by people and by programs.
"""

_ABOUT = {
    "identity": "Your account, where you are logged in, your app passwords",
    "newsletter": "What you have subscribed to, with the record of your consent",
    "sync": "Your files",
    "payments": "What is kept of your cards, and your payments",
    "telemetry": "Statistics about our software, not connected to accounts",
    "disclosure": "Who has seen your data, and why",
}

_INDEX = """<!DOCTYPE html>
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


class _Outlet:
    """Where ZipFile writes to: it cannot go back, and keeps no more than what was not taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: "ReadableBuffer", /) -> int:
        """Keep *data* until it is taken."""
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def flush(self) -> None:
        """Do nothing: whoever takes decides when."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


@dataclass(slots=True, kw_only=True)
class _Names:
    """The names in the archive, each once, in order: for the index, and against two files of one name."""

    of: dict[str, list[str]] = field(default_factory=lambda: {service: [] for service in SERVICES})
    taken: set[str] = field(default_factory=set)

    def new(self, service: str, path: str) -> str:
        wanted = archive_path(service, path)
        stem, dot, ending = wanted.rpartition(".")
        name, number = wanted, 2
        while name.casefold() in self.taken:
            name = f"{stem} ({number}){dot}{ending}" if dot and "/" not in ending else f"{wanted} ({number})"
            number += 1
        self.taken.add(name.casefold())
        self.of[service].append(name)
        return name


class _Writing:
    """An archive under way."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.names = _Names()
        self._out = _Outlet()
        self.zip = ZipFile(self._out, "w", ZIP_DEFLATED)

    def take(self) -> bytes:
        """Return what can go out."""
        return self._out.take()

    def put(self, name: str, text: str) -> None:
        """Add a small file of ours."""
        self.zip.writestr(_entry(name, self.at), text)

    def begin(self, service: str, path: str) -> IO[bytes]:
        """Begin a file of *service*, of whatever length."""
        return self.zip.open(_entry(self.names.new(service, path), self.at), "w", force_zip64=True)


@dataclass(frozen=True, slots=True)
class Archives:
    """Writes archives; one piece of a file is in memory at a time."""

    exports: Exports

    async def stream(self, export: Export) -> AsyncGenerator[bytes, None]:
        """Yield the archive of *export*, a zip file."""
        writing = _Writing(export.created_at)
        with writing.zip:
            writing.put("README.txt", _README.format(at=rfc3339(export.created_at)))
            for service in SERVICES:
                # Closed here also when nobody reads on: a zip file with an open entry cannot be closed.
                async with aclosing(self._service(writing, export, service)) as pieces:
                    async for taken in pieces:
                        yield taken
            writing.put("index.html", _index(writing.names, export.created_at))
        yield writing.take()

    async def _service(self, writing: _Writing, export: Export, service: str) -> AsyncGenerator[bytes, None]:
        path, entry = None, None
        try:
            async for piece_path, content in self.exports.pieces(export, service):
                if entry is None or piece_path != path:
                    if entry is not None:
                        entry.close()
                    path, entry = piece_path, writing.begin(service, piece_path)
                # Compressing a piece takes milliseconds that the loop has not.
                await asyncio.to_thread(entry.write, content)
                yield writing.take()
        finally:
            if entry is not None:
                entry.close()
        if entry is None:
            writing.put(writing.names.new(service, "nothing.txt"), "Nothing is held about you here.\n")
        yield writing.take()


def _entry(name: str, at: datetime) -> ZipInfo:
    info = ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _index(names: _Names, at: datetime) -> str:
    return _INDEX.format(
        at=rfc3339(at), sections="\n".join(_section(service, names.of[service]) for service in SERVICES)
    )


def _section(service: str, found: list[str]) -> str:
    items = "\n".join(f'<li><a href="{quote(name)}">{html.escape(name)}</a></li>' for name in found)
    return f"<h2>{service}</h2>\n<p>{html.escape(_ABOUT[service])}: {len(found)}.</p>\n<ul>\n{items}\n</ul>"

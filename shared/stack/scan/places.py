"""The places of a stack where a card number could lie: every file of its folder, every document, every metric."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from shared.mongo import iter_raw_documents
from shared.registry import get_registry
from shared.stack.directory import StackDirectory
from shared.stack.keys import DATABASE_ROOT, ensure_secrets
from shared.stack.scan.compression import Buffer
from shared.stack.settings import SERVICES, StackSettings

_HTTP_TIMEOUT = aiohttp.ClientTimeout(total=10)
_PLACES = (
    ("data/mongo", "database files"),
    ("data/rabbit", "broker: queues and dead letters"),
    ("data/mailbox", "mails"),
    ("data/traces", "traces"),
    ("data/sync/backups", "backups"),
    ("data", "files of services"),
    ("logs", "logs"),
    ("keys", "keys"),
)
"""Folders of a stack, the inner before the outer, and what they are in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanItem:
    """Something to search: where it is, and its bytes."""

    place: str
    name: str
    data: Buffer
    count: int = 1
    """How many documents *data* holds."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """An open file, read in slices: one that shrinks during the scan ends early; a memory map would crash."""

    descriptor: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, span: slice) -> bytes:
        start, stop, _ = span.indices(self.size)
        return os.pread(self.descriptor, max(0, stop - start), start)


async def iter_items(settings: StackSettings) -> AsyncIterator[ScanItem]:
    """Yield everything that the stack of *settings* has stored, and what it shows to its operator."""
    home = StackDirectory(settings.home)
    for item in iter_files(home.root):
        yield item
    if home.is_locked():
        async for item in _iter_documents(settings, home):
            yield item
        async for item in iter_metrics(settings):
            yield item


def iter_files(root: Path) -> Iterator[ScanItem]:
    """Yield every file below *root* that has a content."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        with suppress(OSError, ValueError):  # deleted or emptied since it was listed; a socket
            if path.is_symlink() or not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file:
                content = ScannedFile(file.fileno(), path.stat().st_size)
                yield ScanItem(place=_place_of(name), name=name, data=content)


def _place_of(name: str) -> str:
    """Return what the file *name* is; the write-ahead log of the database keeps what was deleted."""
    if "WiredTigerLog" in name or "/journal/" in name:
        return "database journal"
    return next((place for folder, place in _PLACES if name.startswith(f"{folder}/")), "other files")


async def _iter_documents(settings: StackSettings, home: StackDirectory) -> AsyncIterator[ScanItem]:
    for url in _database_urls(settings, home):
        async for name, count, data in iter_raw_documents(url):
            yield ScanItem(place="collections", name=name, data=data, count=count)


def _database_urls(settings: StackSettings, home: StackDirectory) -> Iterator[str]:
    """Yield the URL of each database server; for external ones, that of each service that uses it."""
    if settings.has_embedded_mongo:
        password = ensure_secrets(home).database_passwords[DATABASE_ROOT]
        yield f"mongodb://{DATABASE_ROOT}:{password}@127.0.0.1:{settings.ports['mongo']}/admin"
    given = {settings.mongo_url_of(service.name) for service in get_registry() if service.has_database}
    yield from (url.get_secret_value() for url in given if url is not None)


async def iter_metrics(settings: StackSettings) -> AsyncIterator[ScanItem]:
    """Yield the metrics of each service, of the edge and of the broker, and the configuration that the edge shows."""
    pages = {name: settings.ports.build_url(name, "/metrics") for name in SERVICES}
    pages["edge"] = settings.ports.build_url("edge-admin", "/stats/prometheus")
    pages["edge configuration"] = settings.ports.build_url("edge-admin", "/config_dump")
    if settings.has_embedded_broker:
        pages["rabbit"] = settings.ports.build_url("rabbit-metrics", "/metrics/detailed?family=queue_coarse_metrics")
    async with aiohttp.ClientSession(timeout=_HTTP_TIMEOUT) as http:
        for name, url in pages.items():
            with suppress(aiohttp.ClientError, TimeoutError):  # a part that is down shows nothing
                async with http.get(url) as answer:
                    yield ScanItem(place="metrics", name=name, data=await answer.read())

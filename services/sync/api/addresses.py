"""Addresses: every path that comes in is taken apart here, and every one that goes out is put together here."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from services.sync.domain.tree import Path, checked_path
from services.sync.errors import ForeignDestinationError, HeaderRefusedError, NameTooLongError, PathRefusedError

PREFIX = "/sync"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE = "!$()*+,;=:@~"
_LONGEST = 16 << 10
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The tree of *username*, the *path* in it, and whether the address ends in a slash, as those of folders do."""

    username: str
    path: Path
    of_folder: bool


def address_of(raw_path: str) -> Address:
    """Take the percent-encoded path of a request apart: split first, then decode each part once."""
    if len(raw_path) > _LONGEST:
        raise NameTooLongError
    if not raw_path.startswith(f"{PREFIX}/"):
        raise PathRefusedError
    username, *parts = raw_path[len(PREFIX) + 1 :].split("/")
    of_folder = not parts or parts[-1] == ""
    if parts and parts[-1] == "":
        parts.pop()
    return Address(_decoded(username), checked_path(tuple(map(_decoded, parts))), of_folder)


def _decoded(part: str) -> str:
    if _BAD_ESCAPE.search(part):
        raise PathRefusedError
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeError as fault:
        raise PathRefusedError from fault


def encoded(name: str) -> str:
    """Return *name* as a part of a path."""
    return quote(name, safe=_SAFE)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Knows where the world sees this server: by the public address in the settings, never by a header."""

    public: SplitResult

    @classmethod
    def at(cls, public_url: str) -> "Addresses":
        """Return the addresses under *public_url*."""
        return cls(urlsplit(public_url))

    def href(self, username: str, path: Path, *, folder: bool) -> str:
        """Return the absolute path of a node as the world sees it."""
        parts = "/".join([f"{self.public.path}{PREFIX}", encoded(username), *map(encoded, path)])
        return f"{parts}/" if folder or not path else parts

    def destination(self, text: str, username: str) -> Address:
        """Return where a Destination header or a tag of an If header points; it must be in the tree of *username*."""
        address = self._local(text)
        if address.username != username:
            raise ForeignDestinationError
        return address

    def _local(self, text: str) -> Address:
        try:
            url = urlsplit(text.strip())
            ours = not url.netloc or self._is_ours(url)
        except ValueError as fault:
            raise HeaderRefusedError from fault
        if not ours:
            raise ForeignDestinationError
        if not text.isascii() or url.query or url.fragment or not url.path.startswith("/"):
            raise HeaderRefusedError
        prefix = self.public.path
        if not url.path.startswith(prefix):
            raise ForeignDestinationError
        return address_of(url.path[len(prefix) :])

    def _is_ours(self, url: SplitResult) -> bool:
        """Tell whether *url* is on this server, whatever its scheme: some clients forget the s behind a proxy."""
        if url.scheme not in _PORTS or url.username is not None:
            return False
        public = self.public
        same_host = url.hostname == public.hostname or {url.hostname, public.hostname} <= _LOOPBACK
        usual = url.port in {None, _PORTS[url.scheme]} and public.port in {None, _PORTS.get(public.scheme)}
        return same_host and (usual or (url.port or _PORTS[url.scheme]) == public.port)

"""Parses the URLs of requests and builds the hrefs of responses."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from services.sync.domain.tree import TreePath, validate_path
from services.sync.errors import CrossServerDestinationError, InvalidHeaderError, InvalidPathError, NameTooLongError

DAV_PREFIX = "/sync"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_CHARACTERS = "!$()*+,;=:@~"
_MAX_PATH_LENGTH = 16 << 10
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """The tree of *username*, the *path* in it, and whether the URL ends in a slash as folders do."""

    username: str
    path: TreePath
    trailing_slash: bool


def parse_path(raw_path: str) -> ResourcePath:
    """Parse the percent-encoded path of a request: split first, then decode each segment once."""
    if len(raw_path) > _MAX_PATH_LENGTH:
        raise NameTooLongError
    if not raw_path.startswith(f"{DAV_PREFIX}/"):
        raise InvalidPathError
    username, *parts = raw_path[len(DAV_PREFIX) + 1 :].split("/")
    of_folder = not parts or parts[-1] == ""
    if parts and parts[-1] == "":
        parts.pop()
    return ResourcePath(_decode_segment(username), validate_path(tuple(map(_decode_segment, parts))), of_folder)


def _decode_segment(segment: str) -> str:
    if _BAD_ESCAPE.search(segment):
        raise InvalidPathError
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeError as fault:
        raise InvalidPathError from fault


def quote_segment(name: str) -> str:
    """Return *name* as a path segment."""
    return quote(name, safe=_SAFE_CHARACTERS)


@dataclass(frozen=True, slots=True)
class HrefBuilder:
    """Builds and parses URLs under the public URL of the settings; a header of the request never decides."""

    public_url: SplitResult

    @classmethod
    def from_public_url(cls, public_url: str) -> "HrefBuilder":
        """Return the builder for *public_url*."""
        return cls(urlsplit(public_url))

    def build_href(self, username: str, path: TreePath, *, folder: bool) -> str:
        """Return the href of a node: an absolute path."""
        parts = "/".join([f"{self.public_url.path}{DAV_PREFIX}", quote_segment(username), *map(quote_segment, path)])
        return f"{parts}/" if folder or not path else parts

    def parse_destination(self, text: str, username: str) -> ResourcePath:
        """Parse the URL of a Destination header or an If header tag; it must be in the tree of *username*."""
        address = self._parse_href(text)
        if address.username != username:
            raise CrossServerDestinationError
        return address

    def _parse_href(self, text: str) -> ResourcePath:
        try:
            url = urlsplit(text.strip())
            ours = not url.netloc or self._is_this_server(url)
        except ValueError as fault:
            raise InvalidHeaderError from fault
        if not ours:
            raise CrossServerDestinationError
        if not text.isascii() or url.query or url.fragment or not url.path.startswith("/"):
            raise InvalidHeaderError
        prefix = self.public_url.path
        if not url.path.startswith(prefix):
            raise CrossServerDestinationError
        return parse_path(url.path[len(prefix) :])

    def _is_this_server(self, url: SplitResult) -> bool:
        """Tell whether *url* is on this server. The scheme is ignored: behind a proxy some clients send http."""
        if url.scheme not in _DEFAULT_PORTS or url.username is not None:
            return False
        public = self.public_url
        same_host = url.hostname == public.hostname or {url.hostname, public.hostname} <= _LOOPBACK
        usual = url.port in {None, _DEFAULT_PORTS[url.scheme]} and public.port in {
            None,
            _DEFAULT_PORTS.get(public.scheme),
        }
        return same_host and (usual or (url.port or _DEFAULT_PORTS[url.scheme]) == public.port)

"""The few files that pages need: read once, named by their content, kept by browsers for good."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

from services.portal.errors import PageNotFoundError

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ico": "image/x-icon"}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: str
    mark: str


class Statics:
    """The files of ``static/``; nothing else can be asked for, however the name is written."""

    def __init__(self) -> None:
        self._files = {
            path.name: _File(path.read_bytes(), _TYPES[path.name[path.name.rindex(".") :]], _mark(path.read_bytes()))
            for path in files("services.portal").joinpath("static").iterdir()
        }

    def url(self, name: str) -> str:
        """Return the address of a file; it changes with the content."""
        return f"/static/{name}?v={self._files[name].mark}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer ``/static/{name}``."""
        return self.file(request.match_info["name"], known=request.query.get("v"))

    def file(self, name: str, *, known: str | None = None) -> web.Response:
        """Return a file; for good only to those who asked for this very content."""
        found = self._files.get(name)
        if found is None:
            raise PageNotFoundError
        caching = _FOR_GOOD if known == found.mark else "no-cache"
        return web.Response(
            body=found.body,
            content_type=found.content_type,
            charset=None if found.content_type.startswith("image/") else "utf-8",
            headers={"Cache-Control": caching},
        )


def _mark(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]

"""Static files: read once, named by content hash, cached by browsers without expiry."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

from services.portal.errors import PageNotFoundError

_CONTENT_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ico": "image/x-icon"}
_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _StaticFile:
    body: bytes
    content_type: str
    content_hash: str


class StaticFiles:
    """The files of ``static/``, and no others, whatever the requested path."""

    def __init__(self) -> None:
        self._files = {
            path.name: _StaticFile(
                path.read_bytes(), _CONTENT_TYPES[path.name[path.name.rindex(".") :]], _hash_content(path.read_bytes())
            )
            for path in files("services.portal").joinpath("static").iterdir()
        }

    def build_url(self, name: str) -> str:
        """Return the URL of a file with its content hash."""
        return f"/static/{name}?v={self._files[name].content_hash}"

    async def serve_file(self, request: web.Request) -> web.Response:
        """Answer ``/static/{name}``."""
        return self.get_response(request.match_info["name"], version=request.query.get("v"))

    def get_response(self, name: str, *, version: str | None = None) -> web.Response:
        """Return a file; immutable only for a URL with the current content hash."""
        found = self._files.get(name)
        if found is None:
            raise PageNotFoundError
        caching = _IMMUTABLE if version == found.content_hash else "no-cache"
        return web.Response(
            body=found.body,
            content_type=found.content_type,
            charset=None if found.content_type.startswith("image/") else "utf-8",
            headers={"Cache-Control": caching},
        )


def _hash_content(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]

"""Cross-origin requests (the CORS protocol of the Fetch standard): which web pages may call the APIs in a browser.

One mechanism for every route. Credentials are never allowed: the APIs read no cookie, and a page sends its own token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPMethod
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

WEBDAV_METHODS = frozenset({"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT"})
OriginRule = Callable[[str], bool]
"""Tells whether pages of an origin may call a route."""

_METHODS = frozenset(HTTPMethod) | WEBDAV_METHODS
_REQUEST_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Modified-Since, If-Range, If, Range, "
    "Depth, Destination, Overwrite, Lock-Token, Timeout, Prefer, traceparent"
)
_RESPONSE_HEADERS: Final = (
    "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, X-Request-Id, Content-Disposition, "
    "Content-Range, DAV, Lock-Token"
)
_PREFLIGHT_SECONDS: Final = "600"


def any_origin(_origin: str) -> bool:
    """Allow every page: for documents that are the same for everyone."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossOrigin:
    """The origins that may call the routes of an application."""

    origins: frozenset[str] = frozenset()
    """For routes without a rule of their own."""
    rules: Mapping[str, OriginRule] = field(default_factory=dict)
    """By path."""

    def install_middleware(self, app: web.Application) -> None:
        """Answer preflight requests, and mark the responses, errors included."""
        app.middlewares.append(self._answer_preflight)
        app.on_response_prepare.append(self._add_headers)

    @web.middleware
    async def _answer_preflight(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
        if request.method != hdrs.METH_OPTIONS or method not in _METHODS or self._find_allowed(request) is None:
            return await handler(request)
        return web.Response(
            status=204,
            headers={
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: method,
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _REQUEST_HEADERS,
                hdrs.ACCESS_CONTROL_MAX_AGE: _PREFLIGHT_SECONDS,
            },
        )

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        if self.rules.get(request.path) is not any_origin and (self.origins or request.path in self.rules):
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        allowed = self._find_allowed(request)
        if allowed is not None:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = allowed
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _RESPONSE_HEADERS

    def _find_allowed(self, request: web.Request) -> str | None:
        origin = request.headers.get(hdrs.ORIGIN)
        rule = self.rules.get(request.path, self.origins.__contains__)
        if origin is None or not rule(origin):
            return None
        return "*" if rule is any_origin else origin

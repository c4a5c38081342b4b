"""The outermost middleware: every request gets an id, a span and a measurement; every failure becomes a problem."""

import re
from functools import cache
from http import HTTPMethod
from typing import TypeVar

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shared import observe
from shared.clock import monotonic
from shared.errors import MalformedError, ServiceError, UnavailableError
from shared.ids import new_id
from shared.web.endpoint import LIMIT_HEADERS
from shared.web.errors import MediaTypeRefusedError
from shared.web.health import Health
from shared.web.problems import CODE, REQUEST_ID, InternalError, Problems, from_aiohttp

log = observe.logger(__name__)
H = TypeVar("H", bound=Handler)

_seconds = observe.histogram("http_request_seconds", "Time to answer a request.", ("method", "route", "status"))
_seconds_of = cache(_seconds.labels)
_METHODS = frozenset(HTTPMethod) | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT"}
_ONCE = ("Host", "Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key")
_GIVEN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|req_[0-9a-z]{26}")
"""What the edge proxy and this house make: no caller writes words of his own into the logs."""
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
ALWAYS_OPEN = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
GONE = 499
"""What is counted when nobody waits for the answer any more."""
_CAUSE = web.RequestKey("cause", Exception)


def any_encoding(handler: H) -> H:
    """Mark a raw handler that keeps bodies as they are: it may be sent any Content-Encoding."""
    handler.__dict__["any_encoding"] = True
    return handler


def edge(problems: Problems, health: Health) -> Middleware:
    """Return the middleware; until *health* has started only the service's own pages are open."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = _request_id(request)
        route, began, status = template(request), monotonic(), 500
        # Never unbound: it is the task of this connection alone, and each of its requests binds its own.
        structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
        with observe.continued(request.headers.get("traceparent", ""), f"{_method(request)} {route}"):
            try:
                response = await _answer(request, handler, problems, health)
                status = response.status
                _tell(request, status)
            except web.HTTPException as moved:
                status = moved.status
                raise
            except ConnectionError:
                status = GONE
                raise
            finally:
                _seconds_of(_method(request), route, status).observe(monotonic() - began)
        return response

    return middleware


def unparsable(request: web.BaseRequest, fault: ServiceError, problems: Problems) -> web.Response:
    """Answer what never became a request that a middleware sees; measured and told like any other refusal."""
    request[REQUEST_ID] = new_id("req")
    response = problems.render(fault, request)
    response.force_close()
    response.headers.update({**_SAFE, "X-Request-Id": request[REQUEST_ID]})
    _seconds_of("OTHER", "unparsable", fault.status).observe(0)
    log.info("http.refused", code=fault.code, status=fault.status, route="unparsable", request_id=request[REQUEST_ID])
    return response


async def _answer(request: web.Request, handler: Handler, problems: Problems, health: Health) -> web.StreamResponse:
    try:
        if request.path not in ALWAYS_OPEN:
            health.check_started()
        _check_headers(request)
        return await handler(request)
    except ServiceError as fault:
        return _refuse(request, fault, problems)
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        return _refuse(request, from_aiohttp(fault), problems)
    except TimeoutError as fault:
        request[_CAUSE] = fault
        return _refuse(request, UnavailableError(), problems)
    except Exception as fault:  # the edge: the caller gets an opaque 500, the log the fault
        if isinstance(fault, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            raise  # the client has gone while we wrote
        request[_CAUSE] = fault
        return _refuse(request, InternalError(), problems)


def _refuse(request: web.Request, fault: ServiceError, problems: Problems) -> web.StreamResponse:
    response = problems.render(fault, request)
    if request.writer.output_size > 0:
        _tell(request, fault.status)
        raise ConnectionResetError("the reply had begun: only closing the connection tells that it is not whole")
    if not request.content.is_eof():
        response.force_close()  # nobody wants the rest of this body
    return response


def _tell(request: web.Request, status: int) -> None:
    """Log a refusal: one line, with the fault where it is ours, without anything that the caller sent."""
    if status < 400:
        return
    cause = request.get(_CAUSE)
    if cause is None and request.path in ALWAYS_OPEN:  # what /readyz says, the health has logged
        return
    say = log.info if cause is None else log.error
    say(
        "http.refused" if cause is None else "http.failed",
        code=request.get(CODE, f"http_{status}"),
        status=status,
        method=_method(request),
        route=template(request),
        exc_info=cause,
    )


def _check_headers(request: web.Request) -> None:
    for name in _ONCE:
        if len(request.headers.getall(name, ())) > 1:
            raise MalformedError(f"The header {name} may occur once.")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity" and not getattr(request.match_info.handler, "any_encoding", False):
        # RFC 9110 15.5.16: the 415 names what would be accepted. Nothing is ever decompressed here.
        raise MediaTypeRefusedError(headers={"Accept-Encoding": "identity"})


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every response what keeps browsers and caches from guessing; a handler's own choice stands."""
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    response.headers.extend(request.get(LIMIT_HEADERS, {}))


def template(request: web.Request) -> str:
    """Return the path of the route with its variables unfilled: the only path that a label or a log line holds."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "OTHER"


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _GIVEN_ID.fullmatch(given) else new_id("req")

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
from shared.web.endpoint import RATE_LIMIT_HEADERS
from shared.web.errors import UnsupportedMediaTypeError
from shared.web.health import Health
from shared.web.problems import ERROR_CODE, REQUEST_ID, InternalError, ProblemRenderer, error_from_aiohttp

log = observe.get_logger(__name__)
H = TypeVar("H", bound=Handler)

_request_seconds = observe.histogram(
    "candor_http_request_duration_seconds", "Time to answer a request.", ("method", "route", "status")
)
_request_seconds_by_labels = cache(_request_seconds.labels)
_KNOWN_METHODS = frozenset(HTTPMethod) | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT"}
_SINGLE_HEADERS = ("Host", "Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key")
_REQUEST_ID_PATTERN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|req_[0-9a-z]{26}")
"""What the edge proxy and this house make: no caller writes words of his own into the logs."""
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
SYSTEM_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
CLIENT_CLOSED_REQUEST = 499
"""What is counted when nobody waits for the answer any more."""
_CAUSE = web.RequestKey("cause", Exception)


def accept_any_encoding(handler: H) -> H:
    """Mark a raw handler that keeps bodies as they are: it may be sent any Content-Encoding."""
    handler.__dict__["any_encoding"] = True
    return handler


def error_middleware(problems: ProblemRenderer, health: Health) -> Middleware:
    """Return the middleware; until *health* has started only the service's own pages are open."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = _request_id(request)
        route, began, status = route_template(request), monotonic(), 500
        # Never unbound: it is the task of this connection alone, and each of its requests binds its own.
        structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
        with observe.span_from_traceparent(request.headers.get("traceparent", ""), f"{_method_label(request)} {route}"):
            try:
                response = await _handle(request, handler, problems, health)
                status = response.status
                _log_error(request, status)
            except web.HTTPException as moved:
                status = moved.status
                raise
            except ConnectionError:
                status = CLIENT_CLOSED_REQUEST
                raise
            finally:
                _request_seconds_by_labels(_method_label(request), route, status).observe(monotonic() - began)
        return response

    return middleware


def render_unparsable(request: web.BaseRequest, fault: ServiceError, problems: ProblemRenderer) -> web.Response:
    """Answer what never became a request that a middleware sees; measured and told like any other refusal."""
    request[REQUEST_ID] = new_id("req")
    response = problems.render(fault, request)
    response.force_close()
    response.headers.update({**_SECURITY_HEADERS, "X-Request-Id": request[REQUEST_ID]})
    _request_seconds_by_labels("OTHER", "unparsable", fault.status).observe(0)
    log.info(
        "http.request_rejected",
        code=fault.code,
        status=fault.status,
        route="unparsable",
        request_id=request[REQUEST_ID],
    )
    return response


async def _handle(
    request: web.Request, handler: Handler, problems: ProblemRenderer, health: Health
) -> web.StreamResponse:
    try:
        if request.path not in SYSTEM_PATHS:
            health.check_started()
        _check_headers(request)
        return await handler(request)
    except ServiceError as fault:
        return _render_error(request, fault, problems)
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        return _render_error(request, error_from_aiohttp(fault), problems)
    except TimeoutError as fault:
        request[_CAUSE] = fault
        return _render_error(request, UnavailableError(), problems)
    except Exception as fault:  # the edge: the caller gets an opaque 500, the log the fault
        if isinstance(fault, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            raise  # the client has gone while we wrote
        request[_CAUSE] = fault
        return _render_error(request, InternalError(), problems)


def _render_error(request: web.Request, fault: ServiceError, problems: ProblemRenderer) -> web.StreamResponse:
    response = problems.render(fault, request)
    if request.writer.output_size > 0:
        _log_error(request, fault.status)
        raise ConnectionResetError("the reply had begun: only closing the connection tells that it is not whole")
    if not request.content.is_eof():
        response.force_close()  # nobody wants the rest of this body
    return response


def _log_error(request: web.Request, status: int) -> None:
    """Log a refusal: one line, with the fault where it is ours, without anything that the caller sent."""
    if status < 400:
        return
    cause = request.get(_CAUSE)
    if cause is None and request.path in SYSTEM_PATHS:  # what /readyz says, the health has logged
        return
    say = log.info if cause is None else log.error
    say(
        "http.request_rejected" if cause is None else "http.request_failed",
        code=request.get(ERROR_CODE, f"http_{status}"),
        status=status,
        method=_method_label(request),
        route=route_template(request),
        exc_info=cause,
    )


def _check_headers(request: web.Request) -> None:
    for name in _SINGLE_HEADERS:
        if len(request.headers.getall(name, ())) > 1:
            raise MalformedError(f"The header {name} may occur once.")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity" and not getattr(request.match_info.handler, "any_encoding", False):
        # RFC 9110 15.5.16: the 415 names what would be accepted. Nothing is ever decompressed here.
        raise UnsupportedMediaTypeError(headers={"Accept-Encoding": "identity"})


async def set_default_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every response what keeps browsers and caches from guessing; a handler's own choice stands."""
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    response.headers.extend(request.get(RATE_LIMIT_HEADERS, {}))


def route_template(request: web.Request) -> str:
    """Return the path of the route with its variables unfilled: the only path that a label or a log line holds."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def _method_label(request: web.Request) -> str:
    return request.method if request.method in _KNOWN_METHODS else "OTHER"


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID_PATTERN.fullmatch(given) else new_id("req")

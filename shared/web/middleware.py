"""The outermost middleware: request ids, spans, metrics, and errors as problem+json."""

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
from shared.web.cors import WEBDAV_METHODS
from shared.web.endpoint import RATE_LIMIT_HEADERS
from shared.web.errors import UnsupportedMediaTypeError
from shared.web.health import Health
from shared.web.problems import ERROR_CODE, REQUEST_ID, InternalError, ProblemRenderer, error_from_aiohttp

log = observe.get_logger(__name__)
H = TypeVar("H", bound=Handler)

_request_seconds = observe.histogram(
    "candor_http_request_duration_seconds", "Time to serve a request.", ("method", "route", "status")
)
_request_seconds_by_labels = cache(_request_seconds.labels)
_KNOWN_METHODS = frozenset(HTTPMethod) | WEBDAV_METHODS
_SINGLE_HEADERS = ("Host", "Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key")
_REQUEST_ID_PATTERN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|req_[0-9a-z]{26}")
"""The ids of the edge proxy and of ``new_id``: other values could inject text into the logs."""
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
SYSTEM_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
CLIENT_CLOSED_REQUEST = 499
"""The status in metrics when the client disconnected before the response."""
_CAUSE = web.RequestKey("cause", Exception)


def accept_any_encoding(handler: H) -> H:
    """Mark a handler that stores bodies unchanged: it accepts any Content-Encoding."""
    handler.__dict__["any_encoding"] = True
    return handler


def error_middleware(problems: ProblemRenderer, health: Health) -> Middleware:
    """Return the middleware; until *health* has started it serves the system routes only."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = _request_id(request)
        route, began, status = route_template(request), monotonic(), 500
        # Never unbound: each connection has its own task, and each request binds a new id.
        structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
        with observe.span_from_traceparent(request.headers.get("traceparent", ""), f"{_method_label(request)} {route}"):
            try:
                response = await _handle(request, handler, problems, health)
                status = response.status
                _log_error(request, status)
            except web.HTTPException as redirect:
                status = redirect.status
                raise
            except ConnectionError:
                status = CLIENT_CLOSED_REQUEST
                raise
            finally:
                _request_seconds_by_labels(_method_label(request), route, status).observe(monotonic() - began)
        return response

    return middleware


def render_unparsable(request: web.BaseRequest, fault: ServiceError, problems: ProblemRenderer) -> web.Response:
    """Return the error response to a request that no middleware sees; counted and logged like other errors."""
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
    except Exception as fault:  # the caller gets an opaque 500, the cause is logged
        if isinstance(fault, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            raise  # the client disconnected during the response
        request[_CAUSE] = fault
        return _render_error(request, InternalError(), problems)


def _render_error(request: web.Request, fault: ServiceError, problems: ProblemRenderer) -> web.StreamResponse:
    response = problems.render(fault, request)
    if request.writer.output_size > 0:
        _log_error(request, fault.status)
        raise ConnectionResetError("the response had started: only closing the connection shows that it is incomplete")
    if not request.content.is_eof():
        response.force_close()  # the rest of the body is not read
    return response


def _log_error(request: web.Request, status: int) -> None:
    """Log an error response in one line, with the exception of a 500, without any input of the caller."""
    if status < 400:
        return
    cause = request.get(_CAUSE)
    if cause is None and request.path in SYSTEM_PATHS:  # Health has already logged the reason of /readyz
        return
    write = log.info if cause is None else log.error
    write(
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
        # RFC 9110 15.5.16: the 415 names the accepted encodings. Bodies are never decompressed.
        raise UnsupportedMediaTypeError(headers={"Accept-Encoding": "identity"})


async def set_default_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers to a response; headers that the handler has set are kept."""
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    response.headers.extend(request.get(RATE_LIMIT_HEADERS, {}))


def route_template(request: web.Request) -> str:
    """Return the path template of the route, the only form of a path in labels and logs."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"


def _method_label(request: web.Request) -> str:
    return request.method if request.method in _KNOWN_METHODS else "OTHER"


def _request_id(request: web.Request) -> str:
    request_id = request.headers.get("X-Request-Id", "")
    return request_id if _REQUEST_ID_PATTERN.fullmatch(request_id) else new_id("req")

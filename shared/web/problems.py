"""Errors as problem+json (RFC 9457), with a stable code and without internals."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from shared.errors import ServiceError, TooLargeError
from shared.web.errors import MethodNotAllowedError, RouteNotFoundError

PROBLEM_MEDIA_TYPE = "application/problem+json"
REQUEST_ID = web.RequestKey("request_id", str)
ERROR_CODE = web.RequestKey("code", str)
"""The code of the error response to the request."""

_ERRORS_BY_STATUS: dict[int, type[ServiceError]] = {
    404: RouteNotFoundError,
    405: MethodNotAllowedError,
    413: TooLargeError,
}


class InternalError(ServiceError):
    """An internal error occurred."""

    code = "core.service.internal_error"
    status = 500
    remedy = "Try again later; if the error persists, report the instance of this problem."


ErrorMembers = Callable[[ServiceError], Mapping[str, str]]
"""Returns the members that another standard requires in the error responses of a route."""


@dataclass(frozen=True, slots=True)
class ProblemRenderer:
    """Renders errors; the codes are documented below *public_url*."""

    public_url: str
    error_members: Mapping[str, ErrorMembers] = field(default_factory=dict)
    """By path: the errors of these routes are plain JSON with more members, also those raised before the handler."""

    def render(self, fault: ServiceError, request: web.BaseRequest) -> web.Response:
        """Return *fault* as a response; its instance is the request id of the logs."""
        request[ERROR_CODE] = fault.code
        more = self.error_members.get(request.path)
        body = {
            **(more(fault) if more else {}),
            "type": f"{self.public_url}/docs/errors/{fault.code}",
            "title": fault.get_title(),
            "status": fault.status,
            "detail": fault.detail,
            "code": fault.code,
            "remedy": fault.remedy,
            "fields": [{"field": each.field, "code": each.code, "message": each.message} for each in fault.fields],
            "instance": request.get(REQUEST_ID, ""),
        }
        return web.Response(
            status=fault.status,
            body=json.dumps(body).encode(),
            content_type="application/json" if more else PROBLEM_MEDIA_TYPE,
            headers=_problem_headers(fault),
        )


def replay_problem(problem: bytes, request: web.BaseRequest) -> bytes:
    """Return a stored *problem* as the reply to *request*, with the instance of this request."""
    body = json.loads(problem)
    request[ERROR_CODE] = body["code"]
    return json.dumps({**body, "instance": request.get(REQUEST_ID, "")}).encode()


PROBLEM_RENDERER = web.AppKey("problems", ProblemRenderer)
"""The renderer of the application, for the code around it (see ``protocol``)."""


def error_from_aiohttp(fault: web.HTTPException) -> ServiceError:
    """Return an aiohttp error as a ServiceError, without its text, which may quote the request."""
    kind = _ERRORS_BY_STATUS.get(fault.status) or _error_for_status(fault.status)
    return kind(headers={"Allow": fault.headers["Allow"]} if "Allow" in fault.headers else {})


def _problem_headers(fault: ServiceError) -> dict[str, str]:
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if fault.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="candor"')
    return headers


def _error_for_status(status: int) -> type[ServiceError]:
    phrase = HTTPStatus(status).phrase
    return type(
        "HttpError", (ServiceError,), {"__doc__": phrase, "code": f"http.request.status_{status}", "status": status}
    )

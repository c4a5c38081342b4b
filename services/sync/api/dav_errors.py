"""Errors of WebDAV: where RFC 4918 §16 defines a precondition, the body is its XML element, not a problem document."""

from aiohttp import web

from services.sync.api.dav_xml import escape
from services.sync.api.hrefs import HrefBuilder
from services.sync.api.multistatus import XML_CONTENT_TYPE
from services.sync.errors import LockedError
from shared.errors import ServiceError


def precondition_element(fault: ServiceError) -> str:
    """Return the precondition element of *fault*, or an empty string."""
    return str(getattr(fault, "precondition", ""))


def error_response(fault: ServiceError, hrefs: HrefBuilder, username: str) -> web.Response:
    """Return the response for an error with a precondition element."""
    inside = ""
    if isinstance(fault, LockedError):
        # The root of the lock is shown, its token never.
        inside = f"<D:href>{escape(hrefs.build_href(username, fault.path, folder=False))}</D:href>"
    name = precondition_element(fault)
    body = f'<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:{name}>{inside}</D:{name}></D:error>\n'
    return web.Response(
        status=fault.status, body=body.encode(), content_type=XML_CONTENT_TYPE, charset="utf-8", headers=fault.headers
    )

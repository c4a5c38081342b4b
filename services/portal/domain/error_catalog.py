"""All stable error codes, for the pages under /docs/errors.

``error_codes.json`` is generated from the classes of all services and from the edge (``make docs``): the portal does
not know the other services, and a code without a page would be a dead link in every problem.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files

_HTTP_STATUS_CODE = re.compile(r"http\.request\.status_(\d{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """An error code with its status, title and remedy."""

    code: str
    status: int
    title: str
    remedy: str
    owner: str
    """The service that returns it, "platform" for all services, or "gateway"."""

    @property
    def phrase(self) -> str:
        """The name of the status."""
        return HTTPStatus(self.status).phrase


@cache
def list_error_pages() -> dict[str, ErrorPage]:
    """Return all codes in order."""
    text = files("services.portal.domain").joinpath("error_codes.json").read_text(encoding="utf-8")
    return {entry["code"]: ErrorPage(**entry) for entry in json.loads(text)}


def find_error_page(code: str) -> ErrorPage | None:
    """Return the entry of *code*; None when it does not exist."""
    return list_error_pages().get(code) or _page_for_status(code)


def _page_for_status(code: str) -> ErrorPage | None:
    """Return the entry of a code that the HTTP library derives from the status."""
    found = _HTTP_STATUS_CODE.fullmatch(code)
    known = {status.value: status for status in HTTPStatus if status >= 400}
    if found is None or int(found[1]) not in known:
        return None
    status = known[int(found[1])]
    remedy = "Send a well-formed request as the API reference describes it."
    return ErrorPage(code=code, status=status.value, title=status.phrase, remedy=remedy, owner="platform")

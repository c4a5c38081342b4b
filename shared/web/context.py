"""What a handler is given: the request, who sent it, and when."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from shared.errors import UnauthenticatedError
from shared.web.access import Principal
from shared.web.body import STALL_TIMEOUT, iter_body


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """One request to a route; ``who`` passed the route's access, ``now`` is the time that the whole call uses."""

    request: web.Request
    principal: Principal
    now: datetime
    idempotency_key: str = ""
    """On an idempotent route: the same for each repetition with the same key.

    The reply is kept after the handler has returned, so a process that dies in between runs the handler again at the
    next repetition. A handler whose effects must then not happen twice makes them unique by this id: as a unique
    field of what it stores, or as the idempotency key of the card processor.
    """

    @property
    def path(self) -> Mapping[str, str]:
        """The variable parts of the address: ``call.path["id"]``."""
        return self.request.match_info

    def get_header(self, name: str) -> str | None:
        """Return the request header *name*, if it was sent."""
        return self.request.headers.get(name)

    def get_cookie(self, name: str) -> str | None:
        """Return the cookie *name*, if it was sent."""
        return self.request.cookies.get(name)

    @property
    def client_address(self) -> str:
        """The address of the client: what the edge saw, or the peer where no edge is in front."""
        return client_address(self.request)

    def iter_body(self, *, limit: int, stall_timeout: timedelta = STALL_TIMEOUT) -> AsyncIterator[bytes]:
        """Yield the body as it arrives: counted, and never waiting longer than *stall* for the next piece."""
        return iter_body(self.request, limit=limit, stall_timeout=stall_timeout)


def client_address(request: web.Request) -> str:
    """Return the last hop of X-Forwarded-For, which the edge writes; what a client wrote before it is not believed."""
    forwarded = request.headers.getall("X-Forwarded-For", [""])[-1]
    return forwarded.rpartition(",")[2].strip() or request.remote or ""


def bearer_token(request: web.Request) -> str | None:
    """Return the access token of the request; None without one, or with credentials of another scheme."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not token.strip():
        raise UnauthenticatedError
    return token.strip()

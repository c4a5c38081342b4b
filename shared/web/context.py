"""The context of a request: the aiohttp request, the principal and the time."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from aiohttp import web

from shared.errors import UnauthenticatedError
from shared.mongo import Write
from shared.web.access import Principal
from shared.web.body import STALL_TIMEOUT, iter_body


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """A request to a route. *principal* satisfies the access rules; *now* is the time for the whole request."""

    request: web.Request
    principal: Principal
    now: datetime
    idempotency_key: str = ""
    """On an idempotent route: the same for every retry with the same key.

    The reply is stored after the handler has returned. If the process crashes in between, the next retry runs the
    handler again. A handler whose effects must not happen twice therefore uses this id as a unique field of the
    document that it stores, or as the idempotency key of the card processor.
    """

    deferred_writes: list[Write] | None = None
    """On a route with *single_commit*: what ``defer_writes`` has collected."""

    def start_idempotent(self, key: str, writes: list[Write] | None = None) -> Self:
        """Return the context for the handler of an idempotent route."""
        return replace(self, idempotency_key=key, deferred_writes=writes)

    def defer_writes(self, *writes: Write) -> None:
        """Store *writes* after the handler, in the transaction that stores the reply: all are stored, or none.

        The error of a write that fails becomes the reply. Only on a route with *single_commit*.
        """
        assert self.deferred_writes is not None, "declare the route with single_commit=True"
        self.deferred_writes.extend(writes)

    @property
    def path(self) -> Mapping[str, str]:
        """The path parameters: ``call.path["id"]``."""
        return self.request.match_info

    def get_header(self, name: str) -> str | None:
        """Return the request header *name*, if it was sent."""
        return self.request.headers.get(name)

    def get_cookie(self, name: str) -> str | None:
        """Return the cookie *name*, if it was sent."""
        return self.request.cookies.get(name)

    @property
    def client_address(self) -> str:
        """The IP address of the client, as the edge proxy saw it; without a proxy, the address of the peer."""
        return client_address(self.request)

    def iter_body(self, *, limit: int, stall_timeout: timedelta = STALL_TIMEOUT) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, with limits on its size and on the wait for the next chunk."""
        return iter_body(self.request, limit=limit, stall_timeout=stall_timeout)


def client_address(request: web.Request) -> str:
    """Return the last X-Forwarded-For entry, which the edge proxy writes; the client may have forged earlier ones."""
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

"""Lists page by page: a cursor is opaque, made here, and good for one list of one caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from shared.crypto import InvalidTokenError, TokenSealer
from shared.errors import InvalidCursorError
from shared.web.context import RequestContext
from shared.web.models import Query, View

V = TypeVar("V", bound=View)
T = TypeVar("T")

_CURSOR_KIND = "web.cursor"
_CURSOR_TTL = timedelta(hours=24)


class PageQuery(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200, description="how many at most")] = 50
    cursor: Annotated[str | None, Field(max_length=2_000, description="next_cursor of the page before")] = None


class CursorPage(View, Generic[V]):
    """Some items of a list, and where it goes on."""

    items: list[V]
    next_cursor: str | None = None
    """Null on the last page."""


@dataclass(frozen=True, slots=True)
class Paginator:
    """Reads and makes cursors.

    ::

        after = pages.after(call, query)                       # None on the first page
        found = await charges.of(call.who.id, after=after, most=query.limit + 1)
        return pages.page(call, query, found, view=to_view, position=lambda charge: charge.id)
    """

    sealer: TokenSealer

    def decode_cursor(self, call: RequestContext, query: PageQuery) -> str | None:
        """Return the position after which the page begins; CursorRefusedError unless it was given for this list."""
        if query.cursor is None:
            return None
        try:
            claims = self.sealer.open(_CURSOR_KIND, query.cursor, at=call.now)
        except InvalidTokenError as fault:
            raise InvalidCursorError from fault
        if claims.get("list") != _list_fingerprint(call, query):
            raise InvalidCursorError
        return claims["after"]

    def render(
        self,
        call: RequestContext,
        query: PageQuery,
        items: Sequence[T],
        *,
        view: Callable[[T], V],
        position: Callable[[T], str],
    ) -> CursorPage[V]:
        """Return a page of *found*, which holds one more than the limit when there is more."""
        visible = items[: query.limit]
        more = len(items) > query.limit
        return CursorPage(
            items=[view(each) for each in visible],
            next_cursor=self._encode_cursor(call, query, position(visible[-1])) if more else None,
        )

    def _encode_cursor(self, call: RequestContext, query: PageQuery, after: str) -> str:
        claims = {"list": _list_fingerprint(call, query), "after": after}
        return self.sealer.issue(_CURSOR_KIND, claims, expires_at=call.now + _CURSOR_TTL)


def _list_fingerprint(call: RequestContext, query: PageQuery) -> str:
    """Return what a cursor is bound to: the caller, the address, and whatever the query filters by."""
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    return sha256(f"{call.principal.kind}:{call.principal.id} {call.request.path} {filters}".encode()).hexdigest()

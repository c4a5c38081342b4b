"""Cursor pagination: a cursor is encrypted and bound to one list and one caller."""

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
    """The page of a list to return."""

    limit: Annotated[int, Field(ge=1, le=200, description="The maximum number of items.")] = 50
    cursor: Annotated[str | None, Field(max_length=2_000, description="The next_cursor of the previous page.")] = None


class CursorPage(View, Generic[V]):
    """One page of a list."""

    items: list[V]
    next_cursor: str | None = None
    """Null on the last page."""


@dataclass(frozen=True, slots=True)
class Paginator:
    """Encodes and decodes cursors.

    ::

        after = paginator.decode_cursor(call, query)  # None on the first page
        found = await charges.list(call.principal.id, after=after, limit=query.limit + 1)
        return paginator.render(call, query, found, view=to_view, position=lambda charge: charge.id)
    """

    sealer: TokenSealer

    def decode_cursor(self, call: RequestContext, query: PageQuery) -> str | None:
        """Return the position after which the page starts; InvalidCursorError for a cursor of another list."""
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
        """Return a page of *items*, which has one more than the limit if another page follows."""
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
    """Return the digest that a cursor is bound to: caller, path and filters of the query."""
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    return sha256(f"{call.principal.kind}:{call.principal.id} {call.request.path} {filters}".encode()).hexdigest()

"""Lists page by page: a cursor is opaque, made here, and good for one list of one caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from shared.crypto import LinkRefusedError, Links
from shared.web.call import Call
from shared.web.errors import CursorRefusedError
from shared.web.models import Query, View

V = TypeVar("V", bound=View)
T = TypeVar("T")

_KIND = "web.cursor"
_LIFE = timedelta(hours=24)


class PageQuery(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200, description="how many at most")] = 50
    cursor: Annotated[str | None, Field(max_length=2_000, description="next_cursor of the page before")] = None


class Page(View, Generic[V]):
    """Some items of a list, and where it goes on."""

    items: list[V]
    next_cursor: str | None = None
    """Null on the last page."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Reads and makes cursors.

    ::

        after = pages.after(call, query)                       # None on the first page
        found = await charges.of(call.who.id, after=after, most=query.limit + 1)
        return pages.page(call, query, found, view=to_view, position=lambda charge: charge.id)
    """

    links: Links

    def after(self, call: Call, query: PageQuery) -> str | None:
        """Return the position after which the page begins; CursorRefusedError unless it was given for this list."""
        if query.cursor is None:
            return None
        try:
            claims = self.links.read(_KIND, query.cursor, at=call.now)
        except LinkRefusedError as fault:
            raise CursorRefusedError from fault
        if claims.get("list") != _list_of(call, query):
            raise CursorRefusedError
        return claims["after"]

    def page(
        self, call: Call, query: PageQuery, found: Sequence[T], *, view: Callable[[T], V], position: Callable[[T], str]
    ) -> Page[V]:
        """Return a page of *found*, which holds one more than the limit when there is more."""
        shown = found[: query.limit]
        more = len(found) > query.limit
        return Page(
            items=[view(each) for each in shown],
            next_cursor=self._cursor(call, query, position(shown[-1])) if more else None,
        )

    def _cursor(self, call: Call, query: PageQuery, after: str) -> str:
        claims = {"list": _list_of(call, query), "after": after}
        return self.links.make(_KIND, claims, expires_at=call.now + _LIFE)


def _list_of(call: Call, query: PageQuery) -> str:
    """Return what a cursor is bound to: the caller, the address, and whatever the query filters by."""
    filters = query.model_dump_json(exclude={"limit", "cursor"})
    return sha256(f"{call.who.kind}:{call.who.id} {call.request.path} {filters}".encode()).hexdigest()

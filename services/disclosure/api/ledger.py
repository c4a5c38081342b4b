"""The ledger over HTTP: customers read who has seen their data, and nobody else's."""

from dataclasses import dataclass

from services.disclosure.domain import Shown, position
from services.disclosure.service import Seen
from shared.clock import rfc3339
from shared.web import Call, Page, PageQuery, Pages, Route, View, customer, get


class EntryView(View):
    """Somebody saw something: who, which fields, what for, and what allowed it."""

    entry_id: str
    reader_kind: str
    reader_id: str
    fields: list[str]
    purpose: str
    basis: str
    shown_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerApi:
    """The handlers."""

    seen: Seen
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of the ledger."""
        mine = get("/v1/disclosure/ledger/mine", self.list_mine, access=customer(), summary="Read who has seen my data")
        return (mine,)

    async def list_mine(self, call: Call, query: PageQuery) -> Page[EntryView]:
        """Return who was shown data of the account that asks, newest first."""
        found = await self.seen.of(call.who.id, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call, query, found, view=_view, position=lambda entry: position(entry.shown_at, entry.entry_id)
        )


def _view(entry: Shown) -> EntryView:
    return EntryView(
        entry_id=entry.entry_id,
        reader_kind=entry.reader_kind,
        reader_id=entry.reader_id,
        fields=list(entry.fields),
        purpose=entry.purpose,
        basis=entry.basis,
        shown_at=rfc3339(entry.shown_at),
    )

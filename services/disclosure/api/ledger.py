"""HTTP API of the access ledger: customers read accesses to their own data."""

from dataclasses import dataclass

from services.disclosure.domain import AccessEntry
from services.disclosure.service import AccessLedger
from shared.clock import rfc3339
from shared.mongo import encode_position
from shared.web import CursorPage, PageQuery, Paginator, RequestContext, Route, Timestamp, View, customer, get


class AccessEntryView(View):
    """One access: recipient, fields, purpose and legal basis."""

    entry_id: str
    recipient_kind: str
    recipient_id: str
    fields: list[str]
    purpose: str
    basis: str
    accessed_at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerApi:
    """Handlers of the access ledger."""

    ledger: AccessLedger
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of the ledger."""
        mine = get(
            "/v1/disclosure/ledger/mine", self.list_my_ledger, access=customer(), summary="List accesses to your data"
        )
        return (mine,)

    async def list_my_ledger(self, call: RequestContext, query: PageQuery) -> CursorPage[AccessEntryView]:
        """Return accesses to your data, newest first."""
        found = await self.ledger.list_by_account(
            call.principal.id, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=_render_entry,
            position=lambda entry: encode_position(entry.accessed_at, entry.entry_id),
        )


def _render_entry(entry: AccessEntry) -> AccessEntryView:
    return AccessEntryView(
        entry_id=entry.entry_id,
        recipient_kind=entry.recipient_kind,
        recipient_id=entry.recipient_id,
        fields=list(entry.fields),
        purpose=entry.purpose,
        basis=entry.basis,
        accessed_at=rfc3339(entry.accessed_at),
    )

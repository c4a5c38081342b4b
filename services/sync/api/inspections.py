"""Inspections over HTTP: for staff, and their number for everybody (C12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.sync.domain.inspections import CLIENT_STATE, Inspection
from services.sync.errors import (
    InspectionNotOpenError,
    InspectionNotYoursError,
    InspectionUnknownError,
    NotClientStateError,
    SamePersonError,
)
from services.sync.service.inspections import Inspections
from shared.clock import rfc3339
from shared.web import PUBLIC, Body, Call, Query, Route, View, get, post, staff

_LOOKERS = staff("support", "engineer")
_SECOND = staff("security", "admin")
_REFUSALS = (InspectionUnknownError, InspectionNotOpenError, InspectionNotYoursError)


class InspectionBody(Body):
    """Whose tree, and why."""

    account_id: Annotated[str, Field(min_length=1, max_length=80)]
    reason: Annotated[str, Field(min_length=10, max_length=500)]


class InspectionView(View):
    """An inspection."""

    inspection_id: str
    account_id: str
    reason: str
    asked_by: str
    asked_at: str
    approved_by: str | None
    approved_at: str | None
    ends_at: str
    ended_at: str | None
    looks: int


class InspectionsQuery(Query):
    """Which inspections to list."""

    before: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class InspectionsView(View):
    """Inspections, the latest first; *before* of the next page is the ``asked_at`` of the last."""

    items: list[InspectionView]


class NamesQuery(Query):
    """Which names to show: those in *folder* (without one, in the top folder) after *after*."""

    folder: Annotated[str, Field(max_length=120)] = ""
    after: Annotated[str, Field(max_length=80)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 200


class NameView(View):
    """A name; *client_state* says that the file may be shown, too."""

    node_id: str
    name: str
    folder: bool
    client_state: bool


class NamesView(View):
    """Names; *next* is the ``after`` of the next page."""

    items: list[NameView]
    next: str | None


class ClientStateView(View):
    """The state file of a client."""

    text: str


class InspectionCountView(View):
    """How many inspections were opened, in all and in each month."""

    opened: int
    by_month: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionsApi:
    """The handlers."""

    inspections: Inspections

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of inspections."""
        root = "/v1/sync/inspections"
        one = f"{root}/{{inspection_id}}"
        return (
            post(root, self.ask, access=_LOOKERS, status=201, idempotent=True, summary="Ask to look at file names"),
            get(root, self.list, access=_LOOKERS | _SECOND, summary="List the inspections, newest first"),
            get(f"{root}/count", self.count, access=PUBLIC, summary="Read how many inspections there were"),
            post(
                f"{one}/approvals",
                self.approve,
                access=_SECOND,
                status=200,
                idempotent=True,
                summary="Approve an inspection as the second person",
                errors=(InspectionUnknownError, InspectionNotOpenError, SamePersonError),
            ),
            post(
                f"{one}/end",
                self.end,
                access=_LOOKERS | _SECOND,
                status=200,
                idempotent=True,
                summary="End an inspection",
                errors=(InspectionUnknownError,),
            ),
            get(f"{one}/names", self.names, access=_LOOKERS, summary="Look at the names in a folder", errors=_REFUSALS),
            get(
                f"{one}/client-states/{{node_id}}",
                self.client_state,
                access=_LOOKERS,
                summary="Look at the state file of a sync client",
                errors=(*_REFUSALS, NotClientStateError),
            ),
        )

    async def ask(self, call: Call, body: InspectionBody) -> InspectionView:
        """Ask; another person has to approve."""
        return _view(await self.inspections.ask(body.account_id, body.reason, by=call.who.id, at=call.now))

    async def list(self, _call: Call, query: InspectionsQuery) -> InspectionsView:
        """Return the inspections."""
        found = await self.inspections.list(after=query.before, limit=query.limit)
        return InspectionsView(items=[_view(one) for one in found])

    async def count(self, _call: Call) -> InspectionCountView:
        """Return the public count."""
        counts = await self.inspections.counts()
        return InspectionCountView(opened=sum(counts.values()), by_month=counts)

    async def approve(self, call: Call) -> InspectionView:
        """Approve; from now on it may look for an hour."""
        return _view(await self.inspections.approve(call.path["inspection_id"], by=call.who.id, at=call.now))

    async def end(self, call: Call) -> InspectionView:
        """End it."""
        return _view(await self.inspections.end(call.path["inspection_id"], at=call.now))

    async def names(self, call: Call, query: NamesQuery) -> NamesView:
        """Show names; the customer sees that they were shown."""
        found = await self.inspections.names(
            call.path["inspection_id"],
            query.folder,
            after=query.after,
            limit=query.limit,
            by=call.who.id,
            at=call.now,
        )
        items = [
            NameView(
                node_id=one.node,
                name=one.name,
                folder=one.is_folder,
                client_state=not one.is_folder and one.name.endswith(CLIENT_STATE),
            )
            for one in found
        ]
        return NamesView(items=items, next=found[-1].key if len(found) == query.limit else None)

    async def client_state(self, call: Call) -> ClientStateView:
        """Show a state file; the customer sees that it was shown."""
        inspection, node = call.path["inspection_id"], call.path["node_id"]
        data = await self.inspections.client_state(inspection, node, by=call.who.id, at=call.now)
        return ClientStateView(text=data.decode("utf-8", errors="replace"))


def _view(one: Inspection) -> InspectionView:
    return InspectionView(
        inspection_id=one.id,
        account_id=one.account,
        reason=one.reason,
        asked_by=one.asked_by,
        asked_at=rfc3339(one.asked_at),
        approved_by=one.approved_by,
        approved_at=rfc3339(one.approved_at) if one.approved_at else None,
        ends_at=rfc3339(one.ends_at),
        ended_at=rfc3339(one.ended_at) if one.ended_at else None,
        looks=one.looks,
    )

"""The JSON API of inspections: for staff, and their number for the public (C12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.sync.domain.inspections import CLIENT_STATE_SUFFIX, Inspection
from services.sync.errors import (
    InspectionNotFoundError,
    InspectionNotOpenError,
    NotClientStateError,
    NotInspectionRequesterError,
)
from services.sync.service.oversight.inspections import InspectionService
from shared.clock import rfc3339
from shared.errors import FourEyesError
from shared.web import (
    PUBLIC,
    SAFE_LINE,
    SAFE_TEXT,
    JsonBody,
    Query,
    RequestContext,
    Route,
    Timestamp,
    View,
    get,
    post,
    staff,
)

_REQUESTER_ACCESS = staff("support", "engineer")
_APPROVER_ACCESS = staff("security", "admin")
_ACCESS_ERRORS = (InspectionNotFoundError, InspectionNotOpenError, NotInspectionRequesterError)


class InspectionBody(JsonBody):
    """An account to inspect, and the reason."""

    account_id: Annotated[str, Field(min_length=1, max_length=80), SAFE_LINE]
    reason: Annotated[str, Field(min_length=10, max_length=500), SAFE_TEXT]


class InspectionView(View):
    """An inspection and its state."""

    inspection_id: str
    account_id: str
    reason: str
    requested_by: str
    requested_at: Timestamp
    approved_by: str | None
    approved_at: Timestamp | None
    expires_at: Timestamp
    ended_at: Timestamp | None
    access_count: int


class InspectionsQuery(Query):
    """The page of inspections to list."""

    before: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class InspectionsView(View):
    """Inspections, newest first; *before* of the next page is the ``requested_at`` of the last."""

    items: list[InspectionView]


class InspectionNamesQuery(Query):
    """The page of names to list: in *folder* (default: the root folder), after the key *after*."""

    folder: Annotated[str, Field(max_length=120)] = ""
    after: Annotated[str, Field(max_length=80)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 200


class InspectionNameView(View):
    """A name; *client_state* says that the file's content may be requested, too."""

    node_id: str
    name: str
    folder: bool
    client_state: bool


class InspectionNamesView(View):
    """Names; *next* is the ``after`` of the next page."""

    items: list[InspectionNameView]
    next: str | None


class ClientStateView(View):
    """The content of a client's state file."""

    text: str


class InspectionCountView(View):
    """The number of opened inspections, in all and by month."""

    opened: int
    by_month: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionsApi:
    """The handlers of ``/v1/sync/inspections``."""

    inspections: InspectionService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of inspections."""
        root = "/v1/sync/inspections"
        one = f"{root}/{{inspection_id}}"
        return (
            post(
                root,
                self.request_inspection,
                access=_REQUESTER_ACCESS,
                status=201,
                idempotent=True,
                summary="Request an inspection",
            ),
            get(
                root,
                self.list_inspections,
                access=_REQUESTER_ACCESS | _APPROVER_ACCESS,
                summary="List the inspections, newest first",
            ),
            get(f"{root}/count", self.count_inspections, access=PUBLIC, summary="Count the inspections"),
            post(
                f"{one}/approvals",
                self.approve_inspection,
                access=_APPROVER_ACCESS,
                status=200,
                idempotent=True,
                summary="Approve an inspection as the second person",
                errors=(InspectionNotFoundError, InspectionNotOpenError, FourEyesError),
            ),
            post(
                f"{one}/end",
                self.end_inspection,
                access=_REQUESTER_ACCESS | _APPROVER_ACCESS,
                status=200,
                idempotent=True,
                summary="End an inspection",
                errors=(InspectionNotFoundError,),
            ),
            get(
                f"{one}/names",
                self.list_inspection_names,
                access=_REQUESTER_ACCESS,
                summary="List the names in a folder",
                errors=_ACCESS_ERRORS,
            ),
            get(
                f"{one}/client-states/{{node_id}}",
                self.get_client_state,
                access=_REQUESTER_ACCESS,
                summary="Read the state file of a sync client",
                errors=(*_ACCESS_ERRORS, NotClientStateError),
            ),
        )

    async def request_inspection(self, call: RequestContext, body: InspectionBody) -> InspectionView:
        """Request an inspection; a second person has to approve it."""
        return _inspection_view(
            await self.inspections.request(body.account_id, body.reason, by=call.principal.id, at=call.now)
        )

    async def list_inspections(self, _call: RequestContext, query: InspectionsQuery) -> InspectionsView:
        """List the inspections."""
        found = await self.inspections.list(after=query.before, limit=query.limit)
        return InspectionsView(items=[_inspection_view(one) for one in found])

    async def count_inspections(self, _call: RequestContext) -> InspectionCountView:
        """Return the public number of inspections."""
        counts = await self.inspections.count_by_month()
        return InspectionCountView(opened=sum(counts.values()), by_month=counts)

    async def approve_inspection(self, call: RequestContext) -> InspectionView:
        """Approve an inspection as the second person; it is open for an hour."""
        return _inspection_view(
            await self.inspections.approve(call.path["inspection_id"], by=call.principal.id, at=call.now)
        )

    async def end_inspection(self, call: RequestContext) -> InspectionView:
        """End an inspection early."""
        return _inspection_view(await self.inspections.end_inspection(call.path["inspection_id"], at=call.now))

    async def list_inspection_names(self, call: RequestContext, query: InspectionNamesQuery) -> InspectionNamesView:
        """List names in a folder; the access is recorded in the customer's ledger."""
        found = await self.inspections.list_names(
            call.path["inspection_id"],
            query.folder,
            after=query.after,
            limit=query.limit,
            by=call.principal.id,
            at=call.now,
        )
        items = [
            InspectionNameView(
                node_id=one.node,
                name=one.name,
                folder=one.is_folder,
                client_state=not one.is_folder and one.name.endswith(CLIENT_STATE_SUFFIX),
            )
            for one in found
        ]
        return InspectionNamesView(items=items, next=found[-1].key if len(found) == query.limit else None)

    async def get_client_state(self, call: RequestContext) -> ClientStateView:
        """Return a state file; the access is recorded in the customer's ledger."""
        inspection, node = call.path["inspection_id"], call.path["node_id"]
        data = await self.inspections.get_client_state(inspection, node, by=call.principal.id, at=call.now)
        return ClientStateView(text=data.decode("utf-8", errors="replace"))


def _inspection_view(inspection: Inspection) -> InspectionView:
    return InspectionView(
        inspection_id=inspection.id,
        account_id=inspection.account,
        reason=inspection.reason,
        requested_by=inspection.requested_by,
        requested_at=rfc3339(inspection.requested_at),
        approved_by=inspection.approved_by,
        approved_at=rfc3339(inspection.approved_at) if inspection.approved_at else None,
        expires_at=rfc3339(inspection.expires_at),
        ended_at=rfc3339(inspection.ended_at) if inspection.ended_at else None,
        access_count=inspection.access_count,
    )

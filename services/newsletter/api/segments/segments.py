"""Segments: create, read with the current count, delete."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES, ListId, SingleLine
from services.newsletter.domain.segments.segments import Segment
from services.newsletter.errors import ListNotFoundError
from services.newsletter.errors.segments import SegmentFilterError, SegmentNotFoundError
from services.newsletter.service.segments.segments import SegmentService
from shared.clock import rfc3339
from shared.web import (
    CursorPage,
    JsonBody,
    OpaqueText,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    delete,
    get,
    post,
    staff,
)


class SegmentBody(JsonBody):
    """A new segment."""

    list_id: ListId
    name: Annotated[SingleLine, Field(min_length=1, max_length=100)]
    filter: Annotated[
        dict[Annotated[str, OpaqueText("parsed as a filter")], Any],
        Field(
            description="`all`, `any` or `not`, or a condition of `field`, `is` and `value`. Fields: `subscribed_at`, "
            "`consent_confirmed_at` (before, after); `consent_version`, `source` (equal, one_of); "
            "`has_account` (equal)",
            examples=[{"all": [{"field": "subscribed_at", "is": "after", "value": "2026-01-01T00:00:00Z"}]}],
        ),
    ]


class SegmentView(View):
    """A segment."""

    segment_id: str
    list_id: str
    name: str
    filter: dict[str, Any]
    created_at: Timestamp


class SegmentCountView(View):
    """A segment and how many subscribers are in it now."""

    segment: SegmentView
    subscriber_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsApi:
    """The handlers of segments."""

    segment_service: SegmentService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, editors = "/v1/newsletter/segments", staff(*EDITOR_ROLES)
        one = f"{root}/{{segment_id}}"
        return (
            post(
                root,
                self.create_segment,
                access=editors,
                status=201,
                idempotent=True,
                errors=(ListNotFoundError, SegmentFilterError),
            ),
            get(root, self.list_segments, access=editors),
            get(one, self.get_segment, access=editors, errors=(SegmentNotFoundError,)),
            delete(one, self.delete_segment, access=editors, errors=(SegmentNotFoundError,)),
        )

    async def create_segment(self, call: RequestContext, body: SegmentBody) -> SegmentView:
        """Create a segment: the subscribers of a list that match a filter whenever a campaign is started."""
        made = await self.segment_service.create(
            body.list_id, body.name, body.filter, idempotency_key=call.idempotency_key, at=call.now
        )
        return _segment_view(made)

    async def list_segments(self, call: RequestContext, query: PageQuery) -> CursorPage[SegmentView]:
        """List the segments."""
        found = await self.segment_service.list_segments(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_segment_view, position=lambda each: each.segment_id)

    async def get_segment(self, call: RequestContext) -> SegmentCountView:
        """Get a segment and how many subscribers are in it now."""
        found = await self.segment_service.get(call.path["segment_id"])
        count = await self.segment_service.count_subscribers(found)
        return SegmentCountView(segment=_segment_view(found), subscriber_count=count)

    async def delete_segment(self, call: RequestContext) -> None:
        """Delete a segment. Campaigns that were started with it are not changed."""
        await self.segment_service.delete(call.path["segment_id"])


def _segment_view(segment: Segment) -> SegmentView:
    return SegmentView(
        segment_id=segment.segment_id,
        list_id=segment.list_id,
        name=segment.name,
        filter=json.loads(segment.filter_text),
        created_at=rfc3339(segment.created_at),
    )

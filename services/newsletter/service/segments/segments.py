"""Creates segments and counts who is in them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.newsletter.domain.segments.filters import parse_filter
from services.newsletter.domain.segments.segments import Segment
from services.newsletter.errors import ListNotFoundError
from services.newsletter.errors.segments import SegmentNotFoundError
from services.newsletter.store import MailingLists, Subscriptions
from services.newsletter.store.segments.segments import Segments, build_query
from shared.ids import NewId


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentService:
    """The segments of all lists."""

    lists: MailingLists
    segments: Segments
    subscriptions: Subscriptions
    new_id: NewId

    async def create(
        self, list_id: str, name: str, raw_filter: dict[str, Any], *, idempotency_key: str, at: datetime
    ) -> Segment:
        """Create a segment of a list; raises SegmentFilterError with the place of a mistake."""
        parsed = parse_filter(raw_filter)
        if await self.lists.get(list_id) is None:
            raise ListNotFoundError
        segment = Segment(
            segment_id=self.new_id("seg"),
            list_id=list_id,
            name=name,
            filter=parsed,
            filter_text=json.dumps(raw_filter, sort_keys=True),
            created_at=at,
        )
        return await self.segments.add(segment, idempotency_key=idempotency_key)

    async def get(self, segment_id: str) -> Segment:
        """Return a segment; raises SegmentNotFoundError."""
        found = await self.segments.get(segment_id)
        if found is None:
            raise SegmentNotFoundError
        return found

    async def count_subscribers(self, segment: Segment) -> int:
        """Return how many subscribers are in the segment now."""
        return await self.subscriptions.count_on_list(segment.list_id, build_query(segment.filter))

    async def list_segments(self, *, after: str | None, limit: int) -> list[Segment]:
        """Return up to *limit* segments after the id *after*, ordered by id."""
        return await self.segments.list_page(after=after, limit=limit)

    async def delete(self, segment_id: str) -> None:
        """Delete a segment; raises SegmentNotFoundError. A campaign that was started with it is not changed."""
        if not await self.segments.delete(segment_id):
            raise SegmentNotFoundError

"""A segment of a list."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.segments.filters import SegmentFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The subscribers of a list that match a filter, whenever it is asked."""

    segment_id: str
    list_id: str
    name: str
    filter: SegmentFilter
    filter_text: str
    """The filter as JSON, as it was given."""
    created_at: datetime

"""Segments: their documents, and their filters as queries of subscriptions."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from services.newsletter.domain.segments.filters import (
    Comparison,
    FieldCondition,
    FilterValue,
    Group,
    Negation,
    SegmentFilter,
    parse_filter,
)
from services.newsletter.domain.segments.segments import Segment
from shared.mongo import Collection, Database, Document, Index

_STORED_FIELDS: Mapping[str, str] = {
    "subscribed_at": "subscribed_at",
    "consent_confirmed_at": "consent.confirmed_at",
    "consent_version": "consent.consent_version",
    "source": "consent.source",
}
Query = dict[str, Any]


class SegmentDocument(Document):
    """A segment; its filter is stored as it was given and parsed again when it is read."""

    collection: ClassVar[str] = "segments"
    indexes: ClassVar[tuple[Index, ...]] = (Index("idempotency_key", unique=True), Index("list_id"))

    list_id: str
    title: str
    filter: str
    idempotency_key: str
    created_at: datetime


class Segments:
    """The segments of all lists."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[SegmentDocument] = db.get_collection(SegmentDocument)

    async def add(self, segment: Segment, *, idempotency_key: str) -> Segment:
        """Insert a segment, or return the one that *idempotency_key* created before."""
        row = SegmentDocument(
            id=segment.segment_id,
            list_id=segment.list_id,
            title=segment.name,
            filter=segment.filter_text,
            idempotency_key=idempotency_key,
            created_at=segment.created_at,
        )
        return _segment(await self._rows.insert_once(row, key="idempotency_key"))

    async def get(self, segment_id: str) -> Segment | None:
        """Return a segment; None when it does not exist."""
        row = await self._rows.get(segment_id)
        return _segment(row) if row else None

    async def list_page(self, *, after: str | None, limit: int) -> list[Segment]:
        """Return up to *limit* segments after the id *after*, ordered by id."""
        where = {"_id": {"$gt": after}} if after else {}
        return [_segment(row) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def delete(self, segment_id: str) -> bool:
        """Delete a segment; False when it does not exist."""
        return await self._rows.delete_one({"_id": segment_id}) == 1


def build_query(found: SegmentFilter) -> Query:
    """Return the query of the subscriptions that match; every operator in it is written here."""
    match found:
        case FieldCondition():
            return _build_condition(found)
        case Group(is_all=is_all, parts=parts):
            return {"$and" if is_all else "$or": [build_query(part) for part in parts]}
        case Negation(part=part):
            return {"$nor": [build_query(part)]}


def _build_condition(condition: FieldCondition) -> Query:
    if condition.field == "has_account":
        return {"account_id": {"$ne" if condition.values[0] else "$eq": ""}}
    return {_STORED_FIELDS[condition.field]: _OPERATORS[condition.comparison](condition.values)}


_OPERATORS: Mapping[Comparison, Callable[[tuple[FilterValue, ...]], Query]] = {
    Comparison.EQUAL: lambda values: {"$eq": values[0]},
    Comparison.ONE_OF: lambda values: {"$in": list(values)},
    Comparison.BEFORE: lambda values: {"$lt": values[0]},
    Comparison.AFTER: lambda values: {"$gt": values[0]},
}


def _segment(row: SegmentDocument) -> Segment:
    return Segment(
        segment_id=row.id,
        list_id=row.list_id,
        name=row.title,
        filter=parse_filter(json.loads(row.filter)),
        filter_text=row.filter,
        created_at=row.created_at,
    )

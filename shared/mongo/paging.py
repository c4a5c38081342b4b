"""Keyset pagination: lists sorted newest first, continued after the position of the last row read.

A position is ``<time> <id>``; the id breaks ties. Unlike an offset it stays valid while rows are added, and an index on
``(…, <time>, _id)`` finds it.
"""

from datetime import datetime
from typing import Any

from shared.mongo.document import SortKey


def encode_position(at: datetime, row_id: str) -> str:
    """Return the position of a row."""
    return f"{at.isoformat()} {row_id}"


def decode_position(position: str) -> tuple[datetime, str]:
    """Return the time and the id of a *position* made by ``encode_position``."""
    at, _, row_id = position.partition(" ")
    return datetime.fromisoformat(at), row_id


def sort_newest_first(field: str) -> list[SortKey]:
    """Return the sort keys of the list: by the time *field*, then by id, both descending."""
    return [(field, -1), ("_id", -1)]


def filter_after(field: str, after: str | None) -> dict[str, Any]:
    """Return the filter for the rows after the position *after*; None selects all rows."""
    if after is None:
        return {}
    at, row_id = decode_position(after)
    return {"$or": [{field: {"$lt": at}}, {field: at, "_id": {"$lt": row_id}}]}

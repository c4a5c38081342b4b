"""Lists that are read newest first, page by page."""

from typing import Any

from services.disclosure.domain import decode_position


def filter_after(field: str, after: str | None) -> dict[str, Any]:
    """Return the filter of what comes after the position *after* in a list sorted by ``newest_first(field)``."""
    if after is None:
        return {}
    at, row_id = decode_position(after)
    return {"$or": [{field: {"$lt": at}}, {field: at, "_id": {"$lt": row_id}}]}


def sort_newest_first(field: str) -> list[tuple[str, int]]:
    """Return the keys of that order; the id decides between rows of one instant."""
    return [(field, -1), ("_id", -1)]

"""Splits filters that an index covers only in part, because the embedded server would not use the index otherwise.

The embedded server uses an index only if the filter consists of a prefix of its fields; with one more condition it
scans the whole collection. Two consecutive ``$match`` stages, first the index prefix and then the rest, mean the same
on every server: MongoDB's optimizer merges them again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.mongo.document import Document

Filter = Mapping[str, Any]
FieldNames = tuple[str, ...]


class TwoStepFilter(NamedTuple):
    """A filter in two steps: an index covers *indexed*; *remaining* filters its results."""

    indexed: dict[str, Any]
    remaining: dict[str, Any]

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The steps as the first stages of a pipeline."""
        return [{"$match": self.indexed}, {"$match": self.remaining}]


def list_indexed_fields(document: type[Document]) -> tuple[FieldNames, ...]:
    """Return the fields of each index of *document*, except partial ones, which do not contain every document."""
    declared = (index for index in document.indexes if "partialFilterExpression" not in index.options)
    return ("_id",), *(tuple(field for field, _ in index.fields) for index in declared)


def split_filter(where: Filter, indexes: Iterable[FieldNames]) -> TwoStepFilter | None:
    """Return *where* in two steps; None when an index covers all of it, or no index covers any of it."""
    best = max((_match_index_prefix(where, index) for index in indexes), key=len)
    if not best or len(best) == len(where):
        return None
    return TwoStepFilter(
        {field: where[field] for field in best},
        {field: condition for field, condition in where.items() if field not in best},
    )


def _match_index_prefix(where: Filter, index: FieldNames) -> FieldNames:
    """Return the prefix of *index* that *where* compares by equality; the last field may use ``$in``."""
    found: list[str] = []
    for field in index:
        condition = where.get(field)
        is_in = isinstance(condition, Mapping) and condition.keys() == {"$in"}
        if condition is None or (isinstance(condition, Mapping) and not is_in):
            break
        found.append(field)
        if is_in:
            break
    return tuple(found)

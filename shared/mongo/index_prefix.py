"""Filters that an index answers in part: told in two steps, because one of our servers gives up the index otherwise.

The embedded server takes an index only for a filter that names nothing but the first fields of it; one condition more,
and it reads the whole collection. Two ``$match`` stages in a row, first what the index answers and then the rest, are
the same question everywhere: MongoDB's optimizer makes one of them again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.mongo.document import Document

Filter = Mapping[str, Any]
FieldNames = tuple[str, ...]


class TwoStepFilter(NamedTuple):
    """A filter in two steps: *first* is answered by an index, *then* is looked at in what that gives."""

    indexed: dict[str, Any]
    remaining: dict[str, Any]

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The steps as they begin a pipeline."""
        return [{"$match": self.indexed}, {"$match": self.remaining}]


def list_indexed_fields(document: type[Document]) -> tuple[FieldNames, ...]:
    """Return the fields of each index of *document*; partial ones are left out, they do not know every document."""
    declared = (index for index in document.indexes if "partialFilterExpression" not in index.options)
    return ("_id",), *(tuple(field for field, _ in index.fields) for index in declared)


def split_filter(where: Filter, indexes: Iterable[FieldNames]) -> TwoStepFilter | None:
    """Return *where* in two steps; None when an index answers all of it, or none answers any of it."""
    best = max((_match_index_prefix(where, index) for index in indexes), key=len)
    if not best or len(best) == len(where):
        return None
    return TwoStepFilter(
        {field: where[field] for field in best},
        {field: condition for field, condition in where.items() if field not in best},
    )


def _match_index_prefix(where: Filter, index: FieldNames) -> FieldNames:
    """Return the first fields of *index* that are asked for one value each, the last one perhaps for some."""
    found: list[str] = []
    for field in index:
        condition = where.get(field)
        some = isinstance(condition, Mapping) and condition.keys() == {"$in"}
        if condition is None or (isinstance(condition, Mapping) and not some):
            break
        found.append(field)
        if some:
            break
    return tuple(found)

"""Rejects query forms that one of our servers answers incorrectly, mostly without an error.

Other unsupported forms are not offered by ``Collection`` (``distinct``, capped collections, collations,
findOneAndUpdate with a positional ``$``), or the server rejects them itself (text and hashed indexes, ``$where``,
``$function``).
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, get_args, get_origin

from pydantic import BaseModel

_LIST_ACCUMULATORS = {"$push", "$addToSet"}
_ARRAY_TYPES = (list, tuple, set, frozenset, Sequence, AbstractSet)


class UnsupportedQueryError(Exception):
    """This query form gives different results on different servers; the message names the form to use."""


def array_paths(model: type[BaseModel], prefix: str = "") -> frozenset[str]:
    """Return the stored paths of *model* that are arrays."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        for kind in _union_members(field.annotation):
            if (get_origin(kind) or kind) in _ARRAY_TYPES:
                found.add(path)
            for model_inside in _model_types((kind, *get_args(kind))):
                found |= array_paths(model_inside, f"{path}.")
    return frozenset(found)


def check_sort(fields: Iterable[str], arrays: frozenset[str]) -> None:
    """Raise UnsupportedQueryError for sorting by a path that is, or leads through, an array."""
    for field in fields:
        if _leads_through(field, arrays, itself=True):
            raise UnsupportedQueryError(f"sorting by the array path {field!r}: sort by a separate scalar field")


def check_pipeline(pipeline: Sequence[dict[str, Any]], arrays: frozenset[str]) -> None:
    """Raise UnsupportedQueryError for the first stage of *pipeline* that is not portable.

    A ``$lookup`` or a list accumulator creates an array; ``$unwind`` makes its path a scalar for later stages.
    """
    for stage in pipeline:
        for name, body in stage.items():
            if name == "$unwind":
                arrays -= {(body["path"] if isinstance(body, dict) else body).removeprefix("$")}
            elif name == "$sort":
                check_sort(body, arrays)
            elif name == "$lookup":
                _check_lookup(body, arrays)
            for path in _field_paths(body):
                if _leads_through(path, arrays):
                    raise UnsupportedQueryError(f"'${path}' leads through an array: use $map, or $unwind it first")
            arrays |= frozenset(_array_outputs(name, body))


def _array_outputs(stage: str, body: Any) -> Iterator[str]:
    """Yield the paths at which *stage* puts arrays."""
    if stage == "$lookup":
        yield body["as"]
    elif stage == "$group":
        yield from (
            field for field, made in body.items() if isinstance(made, dict) and _LIST_ACCUMULATORS & made.keys()
        )


def _check_lookup(body: dict[str, Any], arrays: frozenset[str]) -> None:
    local = body.get("localField", "")
    if _leads_through(local, arrays, itself=True):
        raise UnsupportedQueryError(f"$lookup through the array {local!r}: $unwind it first")
    if any("$count" in stage for stage in body.get("pipeline", ())):
        raise UnsupportedQueryError("$count inside a $lookup: use $group with {'$sum': 1}")


def _union_members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union or of Annotated; array types are not unpacked."""
    origin = get_origin(annotation)
    if origin is None or origin in _ARRAY_TYPES or origin is dict:
        yield annotation
        return
    for part in get_args(annotation):
        yield from _union_members(part)


def _model_types(kinds: Iterable[Any]) -> Iterator[type[BaseModel]]:
    return (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))


def _field_paths(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        yield value[1:]
    elif isinstance(value, dict):
        for part in value.values():
            yield from _field_paths(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _field_paths(part)


def _leads_through(path: str, arrays: frozenset[str], *, itself: bool = False) -> bool:
    return any(path.startswith(f"{array}.") or (itself and path == array) for array in arrays)

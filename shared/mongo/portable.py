"""Refuses the forms that one of our servers answers wrongly, and mostly in silence (docs: the portable forms).

What is not refused here is not offered by ``Collection`` at all: ``distinct``, capped collections, collations,
findOneAndUpdate with a positional ``$``; or is refused aloud by the server: text and hashed indexes, ``$where``,
``$function``.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, get_args, get_origin

from pydantic import BaseModel

_LIST_ACCUMULATORS = {"$push", "$addToSet"}
_ARRAY_TYPES = (list, tuple, set, frozenset, Sequence, AbstractSet)


class UnsupportedQueryError(Exception):
    """This form of a query gives other results on other servers; the message names the one to use."""


def array_paths(model: type[BaseModel], prefix: str = "") -> frozenset[str]:
    """Return the stored paths of *model* that hold arrays."""
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
    """Refuse to sort by a path that is, or leads through, an array."""
    for field in fields:
        if _leads_through(field, arrays, itself=True):
            raise UnsupportedQueryError(
                f"sorting by the array path {field!r}: sort by a field of its own, kept beside it"
            )


def check_pipeline(pipeline: Sequence[dict[str, Any]], arrays: frozenset[str]) -> None:
    """Refuse the stages of *pipeline* that are not portable.

    A ``$lookup`` or an accumulated list makes an array; an ``$unwind`` makes its path plain for what follows.
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
    """Yield the members of a union and what is inside Annotated; an array stays whole."""
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

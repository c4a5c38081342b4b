"""Refuses the forms that one of our servers answers wrongly, and mostly in silence (docs: the portable forms).

What is not refused here is not offered by ``Collection`` at all: ``distinct``, capped collections, collations,
findOneAndUpdate with a positional ``$``; or is refused aloud by the server: text and hashed indexes, ``$where``,
``$function``.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, get_args, get_origin

from pydantic import BaseModel

_LISTS = {"$push", "$addToSet"}
_MANY = (list, tuple, set, frozenset, Sequence, AbstractSet)


class UnportableError(Exception):
    """This form of a query gives other results on other servers; the message names the one to use."""


def array_paths(model: type[BaseModel], prefix: str = "") -> frozenset[str]:
    """Return the stored paths of *model* that hold arrays."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        for kind in _leaves(field.annotation):
            if (get_origin(kind) or kind) in _MANY:
                found.add(path)
            for model_inside in _models((kind, *get_args(kind))):
                found |= array_paths(model_inside, f"{path}.")
    return frozenset(found)


def check_sort(fields: Iterable[str], arrays: frozenset[str]) -> None:
    """Refuse to sort by a path that is, or leads through, an array."""
    for field in fields:
        if _through(field, arrays, itself=True):
            raise UnportableError(f"sorting by the array path {field!r}: sort by a field of its own, kept beside it")


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
            for path in _paths(body):
                if _through(path, arrays):
                    raise UnportableError(f"'${path}' leads through an array: use $map, or $unwind it first")
            arrays |= frozenset(_made(name, body))


def _made(stage: str, body: Any) -> Iterator[str]:
    """Yield the paths at which *stage* puts arrays."""
    if stage == "$lookup":
        yield body["as"]
    elif stage == "$group":
        yield from (field for field, made in body.items() if isinstance(made, dict) and _LISTS & made.keys())


def _check_lookup(body: dict[str, Any], arrays: frozenset[str]) -> None:
    local = body.get("localField", "")
    if _through(local, arrays, itself=True):
        raise UnportableError(f"$lookup through the array {local!r}: $unwind it first")
    if any("$count" in stage for stage in body.get("pipeline", ())):
        raise UnportableError("$count inside a $lookup: use $group with {'$sum': 1}")


def _leaves(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union and what is inside Annotated; an array stays whole."""
    origin = get_origin(annotation)
    if origin is None or origin in _MANY or origin is dict:
        yield annotation
        return
    for part in get_args(annotation):
        yield from _leaves(part)


def _models(kinds: Iterable[Any]) -> Iterator[type[BaseModel]]:
    return (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        yield value[1:]
    elif isinstance(value, dict):
        for part in value.values():
            yield from _paths(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _paths(part)


def _through(path: str, arrays: frozenset[str], *, itself: bool = False) -> bool:
    return any(path.startswith(f"{array}.") or (itself and path == array) for array in arrays)

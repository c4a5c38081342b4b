"""The filter of a segment: a small typed language without operators of the database (N-20).

    {"all": [{"field": "subscribed_at", "is": "before", "value": "2026-01-01T00:00:00Z"},
             {"not": {"field": "source", "is": "equal", "value": "page"}}]}

What a filter may ask is in FIELDS: nothing there is the address or another secret of a subscriber.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services.newsletter.domain.subscriptions.consent import CONSENT_TEXTS, ConsentSource
from services.newsletter.errors.segments import SegmentFilterError

MAX_DEPTH = 5
MAX_CONDITIONS = 20
_MAX_VALUES = 50

FilterValue = str | bool | datetime


class Comparison(StrEnum):
    """How a field is compared with the value."""

    EQUAL = "equal"
    ONE_OF = "one_of"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """One comparison; *values* has one value unless the comparison is ONE_OF."""

    field: str
    comparison: Comparison
    values: tuple[FilterValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """ALL or ANY of the *parts*."""

    is_all: bool
    parts: tuple["SegmentFilter", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """What does not match *part*."""

    part: "SegmentFilter"


SegmentFilter = FieldCondition | Group | Negation


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterField:
    """A field that a filter may ask about: its comparisons, and how its values are read."""

    comparisons: frozenset[Comparison]
    parse: Callable[[Any], FilterValue]


def _parse_time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise TypeError("give a time as text, such as 2026-01-02T03:04:05Z")
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("give the time with Z or its offset")
    return at.astimezone(UTC)


def _parse_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("give true or false")
    return value


def _parse_one_of(known: Sequence[str]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"give one of {', '.join(known)}")
        return value

    return parse


_CHOICE = frozenset({Comparison.EQUAL, Comparison.ONE_OF})
_TIME = frozenset({Comparison.BEFORE, Comparison.AFTER})
FIELDS: Mapping[str, FilterField] = {
    "subscribed_at": FilterField(comparisons=_TIME, parse=_parse_time),
    "consent_confirmed_at": FilterField(comparisons=_TIME, parse=_parse_time),
    "consent_version": FilterField(comparisons=_CHOICE, parse=_parse_one_of(sorted(CONSENT_TEXTS))),
    "source": FilterField(comparisons=_CHOICE, parse=_parse_one_of([source.value for source in ConsentSource])),
    "has_account": FilterField(comparisons=frozenset({Comparison.EQUAL}), parse=_parse_flag),
}


def parse_filter(raw: Any) -> SegmentFilter:
    """Return the filter that the JSON value *raw* describes; SegmentFilterError names the place of a mistake."""
    found = _parse(raw, "filter", depth=1)
    if sum(1 for _ in _iter_conditions(found)) > MAX_CONDITIONS:
        raise SegmentFilterError.at_place("filter", f"a filter has at most {MAX_CONDITIONS} conditions")
    return found


def _parse(raw: Any, place: str, *, depth: int) -> SegmentFilter:
    if depth > MAX_DEPTH:
        raise SegmentFilterError.at_place(place, f"a filter is at most {MAX_DEPTH} deep")
    match raw:
        case {"all": list(parts)} if len(raw) == 1:
            return Group(is_all=True, parts=_parse_parts(parts, f"{place}.all", depth))
        case {"any": list(parts)} if len(raw) == 1:
            return Group(is_all=False, parts=_parse_parts(parts, f"{place}.any", depth))
        case {"not": part} if len(raw) == 1:
            return Negation(_parse(part, f"{place}.not", depth=depth + 1))
        case {"field": str(field), "is": str(comparison), "value": value} if len(raw) == 3:
            return _parse_condition(field, comparison, value, place)
        case _:
            raise SegmentFilterError.at_place(place, "give all, any, not, or a condition of field, is and value")


def _parse_parts(parts: Sequence[Any], place: str, depth: int) -> tuple[SegmentFilter, ...]:
    if not 1 <= len(parts) <= MAX_CONDITIONS:
        raise SegmentFilterError.at_place(place, f"give 1 to {MAX_CONDITIONS} parts")
    return tuple(_parse(part, f"{place}.{index}", depth=depth + 1) for index, part in enumerate(parts))


def _parse_condition(field: str, comparison: str, value: Any, place: str) -> FieldCondition:
    known = FIELDS.get(field)
    if known is None:
        raise SegmentFilterError.at_place(f"{place}.field", f"give one of {', '.join(FIELDS)}")
    if comparison not in known.comparisons:
        raise SegmentFilterError.at_place(f"{place}.is", f"give one of {', '.join(sorted(known.comparisons))}")
    wanted = value if comparison == Comparison.ONE_OF else [value]
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MAX_VALUES:
        raise SegmentFilterError.at_place(f"{place}.value", f"give a list of 1 to {_MAX_VALUES} values")
    try:
        values = tuple(known.parse(each) for each in wanted)
    except (OverflowError, TypeError, ValueError) as fault:
        raise SegmentFilterError.at_place(f"{place}.value", str(fault)) from None
    return FieldCondition(field, Comparison(comparison), values)


def _iter_conditions(found: SegmentFilter) -> Iterator[FieldCondition]:
    match found:
        case FieldCondition():
            yield found
        case Group(parts=parts):
            for part in parts:
                yield from _iter_conditions(part)
        case Negation(part=part):
            yield from _iter_conditions(part)

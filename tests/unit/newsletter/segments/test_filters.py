"""The filter of a segment is a typed language: nothing in it reaches the database as an operator (N-20)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.newsletter.domain.segments.filters import FIELDS, MAX_DEPTH, parse_filter
from services.newsletter.errors.segments import SegmentFilterError
from services.newsletter.store.segments.segments import build_query

SINCE = {"field": "subscribed_at", "is": "after", "value": "2026-01-02T03:04:05+02:00"}
PAGE = {"field": "source", "is": "equal", "value": "page"}


def query(raw: Any) -> dict[str, Any]:
    return build_query(parse_filter(raw))


def test_a_filter_becomes_a_query_of_declared_fields() -> None:
    raw = {"all": [SINCE, {"any": [PAGE, {"not": {"field": "has_account", "is": "equal", "value": True}}]}]}
    assert query(raw) == {
        "$and": [
            {"subscribed_at": {"$gt": datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)}},
            {"$or": [{"consent.source": {"$eq": "page"}}, {"$nor": [{"account_id": {"$ne": ""}}]}]},
        ]
    }


def test_one_of_takes_a_list() -> None:
    raw = {"field": "consent_version", "is": "one_of", "value": ["1", "2"]}
    assert query(raw) == {"consent.consent_version": {"$in": ["1", "2"]}}


INJECTIONS: list[Any] = [
    {"$where": "sleep(1000)"},
    {"$expr": {"$function": {"body": "x", "args": [], "lang": "js"}}},
    {"all": [{"$ne": 1}]},
    {"field": "email", "is": "equal", "value": "x"},
    {"field": "address_index", "is": "equal", "value": "x"},
    {"field": "$where", "is": "equal", "value": "x"},
    {"field": "source", "is": "$ne", "value": "page"},
    {"field": "source", "is": "equal", "value": {"$ne": None}},
    {"field": "source", "is": "one_of", "value": [{"$gt": ""}]},
    {"field": "source", "is": "equal", "value": "page", "extra": 1},
    {"field": "source", "is": "equal"},
    {"field": "has_account", "is": "equal", "value": "true"},
    {"field": "subscribed_at", "is": "after", "value": 0},
    {"field": "subscribed_at", "is": "after", "value": "2026-01-02T03:04:05"},
    {"field": "subscribed_at", "is": "after", "value": "9999-12-31T23:59:59-14:00"},
    {"field": "subscribed_at", "is": "before", "value": "0001-01-01T00:00:00+14:00"},
    {"field": "subscribed_at", "is": "equal", "value": "2026-01-02T03:04:05Z"},
    {"field": "source", "is": "one_of", "value": []},
    {"field": "source", "is": "one_of", "value": ["page"] * 51},
    {"all": []},
    {"all": [PAGE], "any": [PAGE]},
    {"all": PAGE},
    [PAGE],
    "source == 'page'",
    None,
    {},
]


@pytest.mark.parametrize("raw", INJECTIONS, ids=lambda raw: json.dumps(raw)[:60])
def test_n20_what_is_not_of_the_language_is_refused_with_its_place(raw: Any) -> None:
    with pytest.raises(SegmentFilterError) as refused:
        parse_filter(raw)
    [problem] = refused.value.fields
    assert problem.field.startswith("filter")
    assert "sleep" not in problem.message


def test_n20_a_filter_is_bounded_in_depth_and_size() -> None:
    deep: Any = PAGE
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    wide = {"all": [{"any": [PAGE] * 7}] * 3}
    for raw in (deep, wide):
        with pytest.raises(SegmentFilterError):
            parse_filter(raw)


def test_n20_every_operator_in_a_query_is_one_of_ours() -> None:
    values: dict[str, Any] = {"has_account": True, "consent_version": "1", "source": "page"}
    for name, field in FIELDS.items():
        for comparison in field.comparisons:
            value = values.get(name, "2026-01-02T03:04:05Z")
            found = json.dumps(
                query({"field": name, "is": comparison.value, "value": [value] if comparison == "one_of" else value}),
                default=str,
            )
            operators = {part.split('"')[0] for part in found.split('"$')[1:]}
            assert operators <= {"eq", "ne", "in", "lt", "gt"}, found

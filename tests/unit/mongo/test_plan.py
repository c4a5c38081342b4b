"""A filter that an index answers in part is asked in two steps; any other one goes as it is."""

from typing import Any

import pytest

from shared.mongo import Document, Index
from shared.mongo.index_prefix import list_indexed_fields, split_filter


class Visit(Document):
    collection = "visits"
    indexes = (Index("account", "at"), Index("state", partial={"state": "open"}))

    account: str
    at: int
    state: str
    seen: int | None = None


INDEXES = list_indexed_fields(Visit)


@pytest.mark.parametrize(
    ("where", "first"),
    [
        ({"_id": "v", "state": "open"}, ["_id"]),
        ({"_id": {"$in": ["v", "w"]}, "state": "open"}, ["_id"]),
        ({"account": "a", "state": "open"}, ["account"]),
        ({"account": "a", "at": 1, "state": "open"}, ["account", "at"]),
        ({"account": {"$in": ["a"]}, "at": 1}, ["account"]),
        ({"account": "a", "at": {"$gt": 1}}, ["account"]),
        ({"account": "a", "$or": [{"at": 1}, {"at": 2}]}, ["account"]),
        ({"_id": "v", "seen": None}, ["_id"]),
    ],
)
def test_what_an_index_answers_is_asked_first(where: dict[str, Any], first: list[str]) -> None:
    steps = split_filter(where, INDEXES)
    assert steps is not None
    assert list(steps.indexed) == first
    assert steps.indexed | steps.remaining == where
    assert not steps.indexed.keys() & steps.remaining.keys()


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"_id": "v"},
        {"account": "a"},
        {"account": "a", "at": 1},
        {"at": 1},
        {"state": "open", "seen": 1},
        {"_id": {"$gt": "v"}, "state": "open"},
        {"account": None, "at": 1},
    ],
)
def test_what_an_index_answers_whole_or_not_at_all_is_one_question(where: dict[str, Any]) -> None:
    assert split_filter(where, INDEXES) is None

"""Each form that one of our servers answers wrongly in silence is refused before it is sent."""

from typing import Any, ClassVar

import pytest
from pydantic import Field

from shared.mongo import Document, EmbeddedValue, UnsupportedQueryError
from shared.mongo.portable import array_paths, check_pipeline, check_sort


class Part(EmbeddedValue):
    name: str
    sizes: tuple[int, ...] = ()


class Box(Document):
    collection: ClassVar[str] = "boxes"

    owner: str
    parts: tuple[Part, ...] = ()
    labels: frozenset[str] = frozenset()
    lid: Part | None = None
    counts: dict[str, int] = Field(default_factory=dict)


ARRAYS = array_paths(Box)


def test_the_arrays_of_a_model_are_known_wherever_they_are() -> None:
    assert {"parts", "parts.sizes", "labels", "lid.sizes"} == ARRAYS


@pytest.mark.parametrize("field", ["parts", "parts.name", "labels", "lid.sizes", "parts.sizes"])
def test_sorting_by_a_path_through_an_array_is_refused(field: str) -> None:
    with pytest.raises(UnsupportedQueryError, match="sort by"):
        check_sort([field], ARRAYS)


@pytest.mark.parametrize("field", ["owner", "_id", "lid.name", "counts.x", "partsy"])
def test_sorting_by_anything_else_is_not(field: str) -> None:
    check_sort([field], ARRAYS)


@pytest.mark.parametrize(
    ("stage", "remedy"),
    [
        ({"$project": {"names": "$parts.name"}}, r"use \$map"),
        ({"$group": {"_id": "$parts.name"}}, r"use \$map"),
        ({"$group": {"_id": None, "n": {"$sum": {"$size": ["$parts.sizes"]}}}}, r"use \$map"),
        ({"$sort": {"parts.name": 1}}, "sort by"),
        ({"$lookup": {"from": "x", "localField": "labels", "foreignField": "_id", "as": "y"}}, r"\$unwind it first"),
        ({"$lookup": {"from": "x", "localField": "parts.name", "foreignField": "_id", "as": "y"}}, r"\$unwind it"),
        ({"$lookup": {"from": "x", "pipeline": [{"$count": "n"}], "as": "y"}}, r"use \$group"),
    ],
)
def test_an_unportable_stage_is_refused_with_its_remedy(stage: dict[str, Any], remedy: str) -> None:
    with pytest.raises(UnsupportedQueryError, match=remedy):
        check_pipeline([stage], ARRAYS)


@pytest.mark.parametrize(
    "makes_an_array",
    [
        {"$lookup": {"from": "x", "localField": "owner", "foreignField": "_id", "as": "found"}},
        {"$group": {"_id": "$owner", "found": {"$push": {"name": "$lid.name"}}}},
        {"$group": {"_id": "$owner", "found": {"$addToSet": "$lid"}}},
    ],
)
def test_an_array_that_a_stage_has_made_is_one_too(makes_an_array: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedQueryError):
        check_pipeline([makes_an_array, {"$project": {"names": "$found.name"}}], ARRAYS)
    check_pipeline([makes_an_array, {"$unwind": "$found"}, {"$project": {"names": "$found.name"}}], ARRAYS)


def test_what_is_unwound_is_plain_from_then_on_and_not_before() -> None:
    check_pipeline([{"$unwind": {"path": "$parts"}}, {"$group": {"_id": "$parts.name"}}], ARRAYS)
    with pytest.raises(UnsupportedQueryError):
        check_pipeline([{"$group": {"_id": "$parts.name"}}, {"$unwind": "$parts"}], ARRAYS)


def test_a_collection_offers_none_of_the_forms_that_cannot_be_made_portable() -> None:
    from shared.mongo import Collection

    offered = {name for name in dir(Collection) if not name.startswith("_")}
    assert not offered & {"distinct", "find_one_and_update", "find_one_and_replace", "map_reduce", "watch"}

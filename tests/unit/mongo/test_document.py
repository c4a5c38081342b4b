"""What a document may declare, and the closed validator that is written from it."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from shared.mongo import Document, EmbeddedValue, Index
from shared.mongo.schema import build_json_schema
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose


def schema_of(annotation: Any) -> dict[str, Any]:
    """Return the schema of one field so annotated."""
    made: Any = type("Made", (Document,), {"__annotations__": {"x": annotation}, "__module__": __name__})
    return dict(build_json_schema(made)["properties"]["x"])


class Inner(EmbeddedValue):
    a: int


class Looped(EmbeddedValue):
    again: "tuple[Looped, ...]" = ()


def test_a_document_is_closed_on_every_level() -> None:
    assert schema_of(Inner)["additionalProperties"] is False
    assert schema_of(tuple[Inner, ...])["items"]["additionalProperties"] is False
    assert schema_of(dict[str, Inner])["additionalProperties"]["additionalProperties"] is False
    assert schema_of(Inner | None)["anyOf"][0]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("annotation", "bson"),
    [
        (str, "string"),
        (int, ["int", "long"]),
        (float, ["double", "int", "long"]),
        (bool, "bool"),
        (bytes, "binData"),
        (datetime, "date"),
        (date, "string"),
    ],
)
def test_each_type_has_its_bson_type(annotation: Any, bson: Any) -> None:
    assert schema_of(annotation)["bsonType"] == bson


def test_bounds_are_kept() -> None:
    assert schema_of(Annotated[int, Field(gt=0, le=9)]) == {
        "bsonType": ["int", "long"],
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": 9,
    }
    assert schema_of(Annotated[str, Field(max_length=3, pattern="^a")])["maxLength"] == 3


@pytest.mark.parametrize("annotation", [timedelta, time])
def test_what_bson_cannot_hold_is_refused_when_it_is_declared(annotation: Any) -> None:
    with pytest.raises(TypeError, match="store it as text, a number or a time"):
        schema_of(annotation)


def test_a_model_without_a_finite_depth_is_refused() -> None:
    with pytest.raises(TypeError, match="contains itself"):
        schema_of(Looped)


def test_C01_personal_data_cannot_hide_inside_an_embedded_value() -> None:
    with pytest.raises(TypeError, match="declare Personal on the document's own field"):

        class Hidden(EmbeddedValue):
            email: Annotated[str, Personal(Category.CONTACT, {Purpose.ACCOUNT}, UNTIL_ERASED)]


def test_an_index_is_named_as_mongodb_would_name_it() -> None:
    assert Index("a", ("b", -1)).name == "a_1_b_-1"


def test_a_document_is_frozen() -> None:
    class Row(Document):
        collection: ClassVar[str] = "rows"

    with pytest.raises(ValueError, match="frozen"):
        Row(id="a").id = "b"  # type: ignore[misc] # the assignment is what is refused

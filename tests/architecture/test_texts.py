"""A text that a person types and that is kept readable is a safe text, in every service (C18)."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import Field
from pydantic.fields import FieldInfo

import services
from shared.web import SAFE_LINE, SAFE_TEXT, FormBody, JsonBody, OpaqueText
from tests.architecture.tree import refuse

CARD = "4242424242424242"
ADVICE = (
    "Add SAFE_LINE or SAFE_TEXT of shared.web to a text that is kept readable: Annotated[str, Field(…), SAFE_LINE]. "
    'A text that is not kept so gets OpaqueText("looked up"), with what happens to it.'
)


def bodies() -> list[type[JsonBody | FormBody]]:
    """Return the bodies of all routes."""
    for found in pkgutil.walk_packages(services.__path__, "services."):
        if ".api" in found.name:
            importlib.import_module(found.name)
    made: list[type[Any]] = []
    waiting: list[type[Any]] = [JsonBody, FormBody]
    while waiting:
        waiting += (children := waiting.pop().__subclasses__())
        made += [child for child in children if child.__module__.startswith("services.")]
    return made


def free_texts(models: Sequence[type[JsonBody | FormBody]]) -> Iterator[str]:
    """Yield the fields that take any text, a card number too, and do not say what becomes of it."""
    for model in models:
        for name, field in model.model_fields.items():
            if any(not _is_settled(marks) for marks in _texts(field.annotation, field.metadata)):
                yield f"{model.__module__}.{model.__name__}.{name}"


def _texts(annotation: Any, marks: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the marks of each text of a field."""
    origin = get_origin(annotation)
    if annotation is str:
        yield marks
    elif origin is Annotated:
        inner, *more = get_args(annotation)
        flat = [mark for each in more for mark in (each.metadata if isinstance(each, FieldInfo) else [each])]
        yield from _texts(inner, [*marks, *flat])
    elif origin in {Union, UnionType}:
        for each in get_args(annotation):
            yield from _texts(each, marks)
    else:
        for each in get_args(annotation):
            yield from _texts(each, [])


def _is_settled(marks: Sequence[Any]) -> bool:
    if any(mark in (SAFE_LINE, SAFE_TEXT) or isinstance(mark, OpaqueText) for mark in marks):
        return True
    patterns = [mark.pattern for mark in marks if getattr(mark, "pattern", None)]
    return any(not _admits_a_card(pattern) for pattern in patterns)


def _admits_a_card(pattern: str) -> bool:
    beginning = re.match(r"\^([a-z]+_)", pattern)
    prefix = beginning[1] if beginning else ""
    tries = (
        CARD,
        f"{prefix}{CARD}",
        f"{prefix}{'a' * 10}{CARD}",
        f"a{CARD}",
        CARD + "a" * 27,
        f"x_{CARD}",
        f"a.a.{CARD}",
    )
    return any(re.search(pattern, each) for each in tries)


@pytest.mark.timeout(300)  # it imports the API of every service
def test_C18_every_text_of_a_body_is_safe_or_says_what_becomes_of_it() -> None:
    refuse(free_texts(bodies()), ADVICE)


class Loose(JsonBody):
    label: Annotated[str, Field(max_length=100)]
    names: list[str]
    note: str | None = None
    scope: Annotated[str, Field(pattern=r"^[a-z0-9_.:-]{1,80}$")]
    row: Annotated[str, Field(pattern=r"^row_[0-9a-z]{26}$")]


class Settled(JsonBody):
    label: Annotated[str, Field(max_length=100), SAFE_LINE]
    names: list[Annotated[str, SAFE_TEXT]]
    note: Annotated[str | None, SAFE_TEXT] = None
    token: Annotated[str, OpaqueText("decrypted")]
    week: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    amount: int


def test_the_rule_sees_each_kind_of_free_text_and_no_other() -> None:
    assert [each.rpartition(".")[2] for each in free_texts([Loose])] == ["label", "names", "note", "scope", "row"]
    assert list(free_texts([Settled])) == []

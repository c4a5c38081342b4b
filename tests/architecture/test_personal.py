"""Personal data: closed purposes, closed documents, and nothing personal that is not declared."""

import importlib
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel

from shared.mongo import Document
from shared.personal import personal_fields
from shared.policy import Purpose
from tests.architecture.test_contracts import PERSONAL_WORDS
from tests.architecture.tree import SERVICES, refuse, services

COMMERCE = (
    *("advert", "ads", "barter", "broker", "commerc", "lease", "market", "moneti", "profil", "promot"),
    *("rent", "resale", "resell", "sale", "sell", "sold", "swap", "trade"),
)
NOT_OF_A_PERSON = {"list", "program", "collection", "field", "key", "kind", "file", "template", "question", "partner"}
"""What stands before "name" or "text" when it is not a person's."""


def commercial(purposes: Iterable[str]) -> Iterator[str]:
    """Yield the purposes that smell of selling, renting, bartering or advertising."""
    return (one for one in purposes if any(word.startswith(COMMERCE) for word in one.lower().split("_")))


def documents() -> list[type[Document]]:
    """Return every stored document of the tree, those of shared included."""
    for service in services():
        if any((SERVICES / service / store).exists() for store in ("store.py", "store")):
            importlib.import_module(f"services.{service}.store")
    for package in ("bus", "crypto", "mail", "mongo", "web"):
        importlib.import_module(f"shared.{package}")
    found, waiting = [], [Document]
    while waiting:
        waiting += (children := waiting.pop().__subclasses__())
        found += [child for child in children if child.__module__.startswith(("services.", "shared."))]
    return found


def parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield *model* and every model that is stored inside it."""
    yield model
    for field in model.model_fields.values():
        yield from (part for inner in _models(field.annotation) for part in parts(inner))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def undeclared(model: type[Document]) -> Iterator[str]:
    """Yield the fields whose name says person and whose declaration does not."""
    declared = personal_fields(model)
    for name in model.model_fields:
        words = set(name.split("_"))
        if words & PERSONAL_WORDS and not words & NOT_OF_A_PERSON and name not in declared and not name.endswith("_id"):
            yield f"{model.__module__}.{model.__name__}.{name}"


def test_C07_no_purpose_sells_rents_barters_or_advertises() -> None:
    refuse(
        commercial([*(one.name for one in Purpose), *(one.value for one in Purpose)]),
        "The policy forbids it: there is no such purpose, and no way to add one (C07).",
    )


def test_C01_every_stored_document_and_its_parts_are_closed() -> None:
    refuse(
        (
            f"{document.__module__}.{document.__name__}: {part.__name__}"
            for document in documents()
            for part in parts(document)
            if part.model_config.get("extra") != "forbid"
        ),
        'Give it model_config = ConfigDict(frozen=True, extra="forbid"): what is not declared cannot be stored.',
    )


def test_C01_what_looks_personal_is_declared_personal() -> None:
    refuse(
        (field for document in documents() for field in undeclared(document)),
        "Declare it: Annotated[…, Personal(Category.…, {Purpose.…}, UNTIL_ERASED | keep_for(days))]. "
        "If it is not personal, a clearer name says so.",
    )


def test_every_document_with_personal_data_says_whose() -> None:
    refuse(
        (
            f"{document.__module__}.{document.__name__}"
            for document in documents()
            if personal_fields(document) and document.subject is None and not _nobodys(document)
        ),
        "Set `subject` to the field that holds the account's id: export and erasure find a person's data by it.",
    )


def _nobodys(document: type[Document]) -> bool:
    """Telemetry knows no account: its installations are pseudonyms of no account."""
    return document.__module__.startswith("services.telemetry")

"""The API reference of every service is valid OpenAPI, says all of each route, and merges into one document."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.web import Route, build_openapi, merge_openapi
from tests.reference.pages import FOLDER, render_pages
from tests.support.services import SERVICES, composed

CREATES = {"POST"}
Routes = dict[str, tuple[Route, ...]]


@pytest.fixture(scope="module")
async def routes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Routes]:
    """The routes of each service, as its own composition root makes them; no part is connected."""
    home = tmp_path_factory.mktemp("composed")
    async with AsyncExitStack() as stack:
        made = {name: await stack.enter_async_context(composed(name, home)) for name in SERVICES}
        yield {name: tuple(one.parts.routes) for name, one in made.items()}


def references(document: Any) -> set[str]:
    """Return every reference in *document*."""
    if isinstance(document, dict):
        own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set[str]()
        return own.union(*(references(each) for each in document.values()))
    return set[str]().union(*(references(each) for each in document)) if isinstance(document, list) else set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_reference_of_a_service_is_valid(routes: Routes, service: str) -> None:
    document = build_openapi(service, routes[service])
    OpenAPIV31SpecValidator(document).validate()
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= schemas


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_in_it_with_what_it_does_who_may_and_what_may_go_wrong(routes: Routes, service: str) -> None:
    document = build_openapi(service, routes[service])
    described = sum(len(path) for path in document["paths"].values())
    assert described == len(routes[service]), "two routes have the same method and path"
    for path, operations in document["paths"].items():
        assert path.startswith(("/v1/", "/oauth/", "/.well-known/")), path
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert "For " in operation["description"], where
            assert "default" in operation["responses"], where
            assert any(status.startswith(("2", "3")) for status in operation["responses"]), where


@pytest.mark.parametrize("service", SERVICES)
def test_the_codes_of_a_service_are_its_own_and_each_has_one_meaning(routes: Routes, service: str) -> None:
    errors = {error for route in routes[service] for error in route.errors}
    by_code: dict[str, set[str]] = {}
    for error in errors:
        by_code.setdefault(error.code, set()).add(error.__qualname__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert {error.__qualname__ for error in errors if not error.remedy} == set()


def test_all_together_are_one_valid_document(routes: Routes) -> None:
    one = merge_openapi(
        {name: build_openapi(name, found) for name, found in routes.items()}, title="Candor", server="http://a.example"
    )
    OpenAPIV31SpecValidator(one).validate()
    operations = [operation["operationId"] for path in one["paths"].values() for operation in path.values()]
    assert len(operations) == sum(len(found) for found in routes.values()) == len(set(operations))


UPLOADS = frozenset({"POST /v1/newsletter/imports"})
"""A streamed file, which a key would not compare; it is only put aside, and what starts the import is idempotent."""


def test_every_post_that_creates_is_idempotent_or_says_that_it_creates_nothing(routes: Routes) -> None:
    created = [
        f"{route.method} {route.path}"
        for found in routes.values()
        for route in found
        if route.method in CREATES and route.status == 201 and not route.idempotent and not route.access.public
    ]
    assert set(created) == UPLOADS, "DESIGN §6: Idempotency-Key on every POST that creates or pays"


async def test_the_pages_of_the_reference_are_in_step() -> None:
    pages = await render_pages()
    stale = [name for name, text in pages.items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs` and commit what it writes"

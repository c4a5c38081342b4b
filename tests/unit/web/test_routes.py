"""A route says what it does and what it takes, or it is not made; what is served is what the reference describes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from shared.errors import ConflictError
from shared.web import (
    PUBLIC,
    CursorPage,
    FormBody,
    JsonBody,
    PageQuery,
    RateLimit,
    RequestContext,
    Route,
    View,
    build_app,
    build_openapi,
    customer,
    delete,
    get,
    merge_openapi,
    partner,
    patch,
    post,
    put,
    staff,
)


class Price(JsonBody):
    amount: Annotated[int, Field(ge=1)]
    currency: str = "EUR"


class Wanted(JsonBody):
    """What to make."""

    name: Annotated[str, Field(max_length=10)]
    price: Price | None = None


class Made(View):
    """What was made."""

    id: str
    price: int | None


class Click(FormBody):
    how: Annotated[str, Field(alias="List-Unsubscribe")]


class Search(PageQuery):
    text: Annotated[str, Field(min_length=2)]


class TakenError(ConflictError):
    """That name is taken."""

    code = "demo.taken"


async def make(call: RequestContext, body: Wanted) -> Made:
    """Make a thing.

    It lasts for a day.
    """
    return Made(id=body.name, price=None)


async def search(call: RequestContext, query: Search) -> CursorPage[Made]:
    """Find things."""
    return CursorPage(items=[])


async def click(call: RequestContext, form: Click) -> None:
    """Unsubscribe."""


async def download(call: RequestContext) -> web.Response:
    """Download a thing."""
    return web.Response()


async def remove(call: RequestContext) -> None:
    """Remove a thing."""


def the_routes() -> list[Route]:
    limit = RateLimit(1, timedelta(seconds=1))
    return [
        post(
            "/v1/demo/things", make, access=customer(), status=201, idempotent=True, errors=(TakenError,), limit=limit
        ),
        get("/v1/demo/things", search, access=partner("things") | staff("admin")),
        post("/v1/demo/click", click, access=PUBLIC),
        get("/v1/demo/things/{thing_id}.bin", download, access=customer(), replies="application/octet-stream"),
        delete(r"/v1/demo/things/{thing_id:\w+}", remove, access=customer()),
    ]


def described() -> dict[str, Any]:
    return build_openapi("demo", the_routes())


def test_the_reference_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(described()).validate()


def test_it_says_of_each_route_what_it_does_who_may_and_what_may_go_wrong() -> None:
    operation = described()["paths"]["/v1/demo/things"]["post"]
    assert (operation["summary"], operation["operationId"]) == ("Make a thing", "demo.make")
    assert operation["description"] == "It lasts for a day.\n\nFor customer."
    assert operation["security"] == [{"access_token": []}]
    assert operation["responses"]["409"]["description"] == "`demo.taken`: That name is taken."
    assert "idempotency.key.missing" in operation["responses"]["400"]["description"]
    assert {each["name"] for each in operation["parameters"]} == {"Idempotency-Key"}
    problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/ProblemDetails"}


def test_it_describes_what_goes_in_and_out_without_dangling_references() -> None:
    document = described()
    names = set(document["components"]["schemas"])
    assert {"Wanted", "Price", "Made", "ProblemDetails", "Click"} <= names
    text = str(document)
    assert all(f"#/components/schemas/{name}'" in text for name in ("Wanted", "Price", "Made", "Click"))


def test_query_and_path_parameters_are_named() -> None:
    paths = described()["paths"]
    found = {each["name"]: each for each in paths["/v1/demo/things"]["get"]["parameters"]}
    assert {name: each["required"] for name, each in found.items()} == {"limit": False, "cursor": False, "text": True}
    [variable] = paths["/v1/demo/things/{thing_id}"]["delete"]["parameters"]
    assert (variable["name"], variable["in"]) == ("thing_id", "path")


def test_a_form_and_a_download_are_what_they_are() -> None:
    paths = described()["paths"]
    assert list(paths["/v1/demo/click"]["post"]["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]
    assert list(paths["/v1/demo/things/{thing_id}.bin"]["get"]["responses"]["200"]["content"]) == [
        "application/octet-stream"
    ]
    assert set(paths["/v1/demo/click"]["post"]["responses"]) == {"204", "default"}


def test_the_documents_of_two_services_make_one_in_which_no_schema_meets_another() -> None:
    one = merge_openapi(
        {"demo": described(), "other": build_openapi("other", [get("/v1/other", search, access=PUBLIC)])},
        title="Candor",
        server="https://candor.example",
    )
    OpenAPIV31SpecValidator(one).validate()
    assert {"demo.Made", "other.Made"} <= set(one["components"]["schemas"])
    assert {"/v1/demo/things", "/v1/other"} <= set(one["paths"])


# ── Routes that are not made ──────────────────────────────────────────────────────────────────────────────────────


async def silent(call: RequestContext) -> None: ...


async def greedy(call: RequestContext, body: Wanted, session: str) -> None:
    """Take too much."""


async def loose(call: RequestContext, body: BaseModel) -> None:
    """Take anything."""


async def secretive(call: RequestContext):  # type: ignore[no-untyped-def] # what is tested
    """Say nothing of what comes back."""


@pytest.mark.parametrize(
    ("handler", "lacks"), [(silent, "docstring"), (greedy, "session"), (loose, "body"), (secretive, "returns")]
)
def test_a_handler_that_does_not_say_what_it_does_or_takes_is_refused(handler: Callable[..., Any], lacks: str) -> None:
    with pytest.raises(ValueError, match=lacks):
        get("/v1/demo", handler, access=PUBLIC)


def test_a_guarded_route_without_a_verifier_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a verifier"):
        build_app("demo", [get("/v1/demo", remove, access=customer())], public_url="http://a.example")


def test_an_idempotent_route_without_a_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs idempotency"):
        build_app("demo", [post("/v1/demo", remove, access=PUBLIC, idempotent=True)], public_url="http://a.example")


@pytest.mark.parametrize(
    ("make_route", "method"), [(get, "GET"), (post, "POST"), (put, "PUT"), (patch, "PATCH"), (delete, "DELETE")]
)
def test_each_method_has_its_word(make_route: Callable[..., Route], method: str) -> None:
    route = make_route("/v1/demo", remove, access=PUBLIC)
    assert (route.method, route.status) == (method, 204)

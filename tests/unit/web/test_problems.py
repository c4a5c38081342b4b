"""Every error is a problem: one shape, a stable code, the id under which the one log line is found."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from pydantic import Field

from shared.errors import ConflictError, FieldProblem, ServiceError, UnavailableError
from shared.web import PUBLIC, CursorPage, Health, JsonBody, PageQuery, Query, RequestContext, View, customer, get, post
from tests.support.http import Site, serving
from tests.support.logs import Lines

SECRET = "ada.lovelace@secret.example"


class Wanted(JsonBody):
    name: str
    count: int = 1
    tags: dict[str, int] = Field(default_factory=dict)
    children: "list[Wanted]" = Field(default_factory=list)


class Filter(Query):
    size: int = 1


class Seen(View):
    name: str


class TakenError(ConflictError):
    """That name is taken."""

    code = "demo.taken"


async def echo(call: RequestContext, body: Wanted) -> Seen:
    """Say the name."""
    return Seen(name=body.name)


async def read(call: RequestContext, query: Filter) -> Seen:
    """Read it."""
    return Seen(name=str(query.size))


async def taken(call: RequestContext) -> None:
    """Refuse."""
    raise TakenError("Choose another.", fields=(FieldProblem(field="name", code="taken", message="Taken"),))


async def busy(call: RequestContext) -> None:
    """Be away."""
    raise UnavailableError(retry_after=7)


async def late(call: RequestContext) -> None:
    """Run out of time."""
    raise TimeoutError(SECRET)


async def broken(call: RequestContext) -> None:
    """Break."""
    raise ValueError(f"invalid literal: {SECRET}")


@pytest.fixture(scope="module")
async def demo() -> AsyncIterator[Site]:
    async with serving(
        post("/things", echo, access=PUBLIC),
        get("/things/{thing}", read, access=PUBLIC),
        get("/mine", read, access=customer()),
        post("/taken", taken, access=PUBLIC),
        post("/busy", busy, access=PUBLIC),
        post("/late", late, access=PUBLIC),
        post("/broken", broken, access=PUBLIC),
    ) as site:
        yield site


AS_JSON = {"Content-Type": "application/json"}
NO_TYPE = {"Content-Type": ""}
DEEP_SECRET = {"name": "x", "tags": {SECRET: SECRET}}
TOO_LARGE = BytesIO(b" " * 2**21)
REFUSALS: list[tuple[str, str, str, dict[str, Any], int, str]] = [
    ("nothing there", "GET", f"/{SECRET}", {}, 404, "http.route.not_found"),
    ("wrong method", "PUT", "/things", {}, 405, "http.method.not_allowed"),
    ("no method at all", "BREW", "/things", {}, 400, "http.request.malformed"),
    ("options", "OPTIONS", "/things", {}, 405, "http.method.not_allowed"),
    ("no token", "GET", "/mine", {}, 401, "auth.credentials.required"),
    ("not json", "POST", "/things", {"data": SECRET, "headers": AS_JSON}, 400, "http.request.malformed"),
    ("no type", "POST", "/things", {"data": b"{}", "headers": NO_TYPE}, 415, "http.media_type.unsupported"),
    ("as text", "POST", "/things", {"data": SECRET}, 415, "http.media_type.unsupported"),
    ("wrong type", "POST", "/things", {"json": {"name": 3}}, 422, "http.request.invalid"),
    ("unknown field", "POST", "/things", {"json": {"name": "x", SECRET: SECRET}}, 422, "http.request.invalid"),
    ("a key deep inside", "POST", "/things", {"json": DEEP_SECRET}, 422, "http.request.invalid"),
    ("a text as number", "GET", f"/things/1?size={SECRET}", {}, 422, "http.request.invalid"),
    ("unknown query", "GET", f"/things/1?{SECRET}=1", {}, 422, "http.request.invalid"),
    ("query twice", "GET", "/things/1?size=1&size=1", {}, 400, "http.request.malformed"),
    ("too large", "POST", "/things", {"data": TOO_LARGE, "headers": AS_JSON}, 413, "http.request.too_large"),
    ("refused by the service", "POST", "/taken", {}, 409, "demo.taken"),
    ("unavailable", "POST", "/busy", {}, 503, "core.service.unavailable"),
    ("out of time", "POST", "/late", {}, 503, "core.service.unavailable"),
    ("a fault of ours", "POST", "/broken", {}, 500, "core.service.internal_error"),
    ("unknown expectation", "POST", "/things", {"headers": {"Expect": "a-pony"}}, 417, "http.request.status_417"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
async def test_a_refusal_is_one_problem_and_one_line_without_the_payload(
    demo: Site, logged: Lines, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    reply = await demo.ask(method, path, **options)
    assert (reply.status, reply.code) == (status, code), str(reply)
    assert "secret.example" not in reply.body.decode()
    lines = logged()
    assert [line["code"] for line in lines] == [code], lines
    assert lines[0]["request_id"] == reply.headers["X-Request-Id"]
    assert "secret.example" not in str(lines)


async def test_a_reply_that_is_fine_is_not_logged(demo: Site, logged: Lines) -> None:
    reply = await demo.post("/things", json={"name": "x"})
    assert (reply.status, reply.json, logged()) == (200, {"name": "x"}, [])


async def test_a_wrong_method_learns_the_right_ones(demo: Site) -> None:
    reply = await demo.ask("DELETE", "/things")
    assert reply.headers["Allow"] == "POST"


async def test_unavailable_says_when_to_come_back(demo: Site) -> None:
    assert (await demo.post("/busy")).headers["Retry-After"] == "7"


async def test_a_missing_token_is_challenged(demo: Site) -> None:
    assert (await demo.get("/mine")).headers["WWW-Authenticate"] == 'Bearer realm="candor"'


async def test_head_has_the_headers_and_no_body(demo: Site) -> None:
    fine, refused = await demo.ask("HEAD", "/things/1"), await demo.ask("HEAD", "/mine")
    assert (fine.status, fine.body) == (200, b"")
    assert (refused.status, refused.body) == (401, b"")
    assert refused.headers["Content-Type"].startswith("application/problem+json")


async def test_a_field_is_named_where_it_is_ours(demo: Site) -> None:
    body = {"name": "x", "children": [{"name": "y"}, {"name": "z", "count": "many"}], "more": 1}
    found = (await demo.post("/things", json=body)).json["fields"]
    told = {each["field"]: each["code"] for each in found}
    assert told == {"children.1.count": "int_type", "*": "extra_forbidden"}


async def test_at_most_twenty_fields_are_told(demo: Site) -> None:
    reply = await demo.post("/things", json={f"more{number}": 1 for number in range(500)})
    assert (reply.status, len(reply.json["fields"])) == (422, 20)


async def test_a_fault_of_ours_is_logged_with_its_place_and_not_with_its_words(demo: Site, logged: Lines) -> None:
    await demo.post("/broken")
    [line] = logged()
    [fault] = line["exception"]
    assert (line["event"], line["level"], line["route"]) == ("http.request_failed", "error", "/broken")
    assert (fault["type"], fault["text"]) == ("ValueError", "")
    assert "test_problems.py" in fault["at"][-1]


async def test_every_reply_keeps_browsers_from_guessing(demo: Site) -> None:
    for reply in (await demo.get("/healthz"), await demo.get("/nothing"), await demo.say(b"nonsense\r\n\r\n")):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"


GIVEN = "0123abcd-0123-4567-89ab-0123456789ab"


async def test_the_request_id_of_the_edge_is_kept(demo: Site) -> None:
    assert (await demo.get("/nothing", headers={"X-Request-Id": GIVEN})).json["instance"] == GIVEN


@pytest.mark.parametrize("given", ["4242424242424242", "ada@secret.example", "x" * 64, "", "req_1", GIVEN.upper()])
async def test_a_request_id_that_may_say_something_is_replaced(demo: Site, given: str) -> None:
    assert (await demo.get("/nothing", headers={"X-Request-Id": given})).json["instance"].startswith("req_")


async def test_until_the_parts_are_there_only_the_pages_of_operators_are_open(logged: Lines) -> None:
    health = Health(("mongo",))
    async with serving(post("/things", echo, access=PUBLIC), health=health) as site:
        assert (await site.post("/things", json={"name": "x"})).code == "core.service.starting"
        assert (await site.get("/healthz")).status == 200
        assert (await site.get("/readyz")).code == "core.service.not_ready"
        health.set_status("mongo", ok=True)
        assert (await site.post("/things", json={"name": "x"})).status == 200


def test_no_two_errors_of_the_house_share_a_code() -> None:
    def family(kind: type[ServiceError]) -> set[type[ServiceError]]:
        return set(kind.__subclasses__()).union(*(family(each) for each in kind.__subclasses__()))

    of_the_house = {kind for kind in family(ServiceError) if kind.__module__.startswith("shared.")}
    own = [
        kind.code for kind in of_the_house if "code" in vars(kind) and not kind.code.startswith("http.request.status_")
    ]
    assert sorted(own) == sorted(set(own))
    assert issubclass(CursorPage, View)
    assert issubclass(PageQuery, Query)
    assert issubclass(TakenError, ConflictError)
    assert TakenError.get_title() == "That name is taken"

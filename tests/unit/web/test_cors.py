"""Which web pages may call the APIs in a browser: those of the setting, and per route what the route says."""

from collections.abc import AsyncIterator

import pytest

from shared.web import PUBLIC, RequestContext, View, customer, get, post
from shared.web.cors import any_origin
from tests.support.http import Reply, Site, serving

APP, SITE, OTHER = "https://app.candor.example", "https://www.candor.example", "https://evil.example"


class Done(View):
    done: bool = True


async def done(_call: RequestContext) -> Done:
    """Answer."""
    return Done()


@pytest.fixture
async def demo() -> AsyncIterator[Site]:
    routes = (
        get("/keys", done, access=PUBLIC, origins=any_origin),
        post("/token", done, access=PUBLIC, origins=APP.__eq__),
        get("/me", done, access=customer()),
    )
    async with serving(*routes, cors_origins=[SITE]) as site:
        yield site


async def preflight(demo: Site, path: str, origin: str, method: str = "POST") -> Reply:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return await demo.ask("OPTIONS", path, headers=headers)


async def test_a_document_for_everyone_may_be_read_by_any_page(demo: Site) -> None:
    reply = await demo.get("/keys", headers={"Origin": OTHER})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in reply.headers


@pytest.mark.parametrize(
    ("path", "origin", "allowed"),
    [
        ("/token", APP, True),
        ("/token", SITE, False),
        ("/token", OTHER, False),
        ("/me", SITE, True),
        ("/me", APP, False),
        ("/unknown", SITE, True),
        ("/unknown", "null", False),
    ],
)
async def test_other_routes_are_for_the_origins_that_are_named(
    demo: Site, path: str, origin: str, allowed: bool
) -> None:
    asked, answered = await preflight(demo, path, origin), await demo.get(path, headers={"Origin": origin})
    for reply in (asked, answered):
        assert reply.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert reply.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in reply.headers
    assert (asked.status == 204) == allowed
    if allowed:
        assert asked.headers["Access-Control-Allow-Methods"] == "POST"
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]


async def test_an_error_can_be_read_by_the_page_that_may_call(demo: Site) -> None:
    reply = await demo.get("/me", headers={"Origin": SITE})
    assert (reply.code, "WWW-Authenticate" in reply.headers["Access-Control-Expose-Headers"]) == (
        "auth.credentials.required",
        True,
    )


async def test_a_preflight_for_a_method_that_does_not_exist_is_refused(demo: Site) -> None:
    assert (await preflight(demo, "/token", APP, "TELEPORT")).status == 405


async def test_without_the_setting_no_page_of_another_origin_may_call() -> None:
    async with serving(get("/me", done, access=PUBLIC)) as site:
        reply = await site.get("/me", headers={"Origin": APP})
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert (await preflight(site, "/me", APP)).status == 405

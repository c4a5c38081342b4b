"""The API reference, the error codes, the well-known addresses."""

import json
from datetime import datetime, timedelta

import pytest
from openapi_spec_validator import validate

from services.portal.domain import list_error_pages
from shared.stack.error_codes import CATALOGUE_FILE, render_catalogue
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import SERVICES, FakeEdge
from tests.support import FixedClock


async def test_the_merged_reference_is_valid_and_has_every_service(browser: Browser) -> None:
    document = json.loads((await browser.get("/openapi.json")).raw)
    validate(document)
    assert {tag["name"] for tag in document["tags"]} == set(SERVICES)
    assert document["x-missing"] == []


async def test_a_service_that_is_away_is_named_and_soon_asked_again(
    browser: Browser, edge: FakeEdge, clock: FixedClock
) -> None:
    edge.away = {"/v1/sync"}
    document = json.loads((await browser.get("/openapi.json")).raw)
    assert document["x-missing"] == ["sync"]
    assert "/v1/sync/things/{id}" not in document["paths"]
    assert "sync" in (await browser.get("/docs")).part("missing")
    edge.away = set()
    clock.advance(timedelta(seconds=6))
    assert json.loads((await browser.get("/openapi.json")).raw)["x-missing"] == []


async def test_the_services_are_asked_once_a_minute(browser: Browser, edge: FakeEdge, clock: FixedClock) -> None:
    for _ in range(3):
        await browser.get("/openapi.json")
    assert len(edge.asked) == len(SERVICES)
    clock.advance(timedelta(seconds=61))
    await browser.get("/openapi.json")
    assert len(edge.asked) == 2 * len(SERVICES)


async def test_an_operation_is_shown_with_what_it_takes_and_an_example(browser: Browser) -> None:
    page = await browser.get("/docs/api/payments")
    [example] = page.tree.xpath("//details[@id='payments.makeThing']/div/pre")
    curl = example.text_content()
    assert "curl -X POST 'http://127.0.0.1:8080/v1/payments/things/{id}'" in curl
    assert '"kind": "big"' in curl
    assert "Idempotency-Key" in curl
    assert b"What it is &lt;i&gt;called&lt;/i&gt;." in page.raw


async def test_a_service_that_does_not_exist_has_no_page(browser: Browser) -> None:
    assert (await browser.get("/docs/api/nobody")).status == 404


async def test_every_code_has_its_page(browser: Browser) -> None:
    page = await browser.get("/docs/errors")
    links = page.tree.xpath("//td/a/@href")
    assert len(links) == len(list_error_pages()) > 100
    shown = await browser.get("/docs/errors/http.request.too_large")
    assert "413" in shown.text
    assert "Send a smaller request." in shown.text


@pytest.mark.parametrize(
    "code", ["nothing.like_this", "http.request.status_200", "http.request.status_9999", "http.request.status_41x"]
)
async def test_a_code_that_nobody_gives_is_not_found(browser: Browser, code: str) -> None:
    assert (await browser.get(f"/docs/errors/{code}")).status == 404


def test_the_catalogue_of_codes_is_in_step() -> None:
    assert CATALOGUE_FILE.read_text(encoding="utf-8") == render_catalogue(), (
        "run `python -m shared.stack.error_codes` and commit"
    )


async def test_C28_the_security_contact_expires_a_year_after_its_review(browser: Browser) -> None:
    page = await browser.get("/.well-known/security.txt")
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in page.raw.decode().splitlines())
    assert fields["Contact"] == "mailto:security@candor.example"
    assert fields["Canonical"] == "http://127.0.0.1:8080/.well-known/security.txt"
    assert datetime.fromisoformat(fields["Expires"]) == datetime.fromisoformat("2027-11-23T00:00:00Z")


async def test_programs_find_what_they_look_for(browser: Browser) -> None:
    assert json.loads((await browser.get("/.well-known/gpc.json")).raw)["gpc"] is True
    moved = await browser.send("GET", "/.well-known/change-password", follow=False)
    assert (moved.status, moved.headers["Location"]) == (303, "/account/password")
    assert "Disallow: /v1/" in (await browser.get("/robots.txt")).raw.decode()
    assert (await browser.get("/favicon.ico")).headers["Content-Type"] == "image/svg+xml"
    assert json.loads((await browser.get("/healthz")).raw)["status"] == "ok"

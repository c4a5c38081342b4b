"""Words, cookies, sessions, the reference: plain values."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from services.portal.api.countries import country_name
from services.portal.domain import SESSION, BrowserSession, find_error_page, labels
from services.portal.domain.reference import build_example, describe_type, group_by_service
from tests.support import NOON

DOCUMENT: dict[str, Any] = {
    "servers": [{"url": "https://candor.example"}],
    "tags": [{"name": "sync"}],
    "components": {
        "schemas": {
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }
    },
    "paths": {},
}


def _token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


def _claims() -> dict[str, object]:
    return {"kind": "customer", "sub": "acc_1", "sid": "ses_1", "exp": int(NOON.timestamp())}


def test_over_tls_a_cookie_is_bound_to_the_host_by_its_name() -> None:
    assert SESSION.browser_name("https://candor.example") == "__Host-candor"


def test_two_stacks_on_one_machine_have_cookies_of_their_own() -> None:
    assert SESSION.browser_name("http://127.0.0.1:8080") != SESSION.browser_name("http://127.0.0.1:8180")


def test_a_session_is_stale_shortly_before_its_token_ends() -> None:
    session = BrowserSession.from_tokens(_token(**_claims()), "refresh", "mark")
    assert not session.is_stale(NOON - timedelta(seconds=31))
    assert session.is_stale(NOON - timedelta(seconds=29))


def test_a_session_prints_neither_its_tokens_nor_its_mark() -> None:
    token = _token(**_claims())
    printed = repr(BrowserSession.from_tokens(token, "refresh-token", "the-mark"))
    assert not any(secret in printed for secret in (token, "refresh-token", "the-mark"))


@pytest.mark.parametrize("name", ["kind", "sub", "sid", "exp"])
def test_a_token_that_lacks_a_claim_is_no_session(name: str) -> None:
    claims = _claims()
    del claims[name]
    with pytest.raises(ValueError, match="lacks a claim"):
        BrowserSession.from_tokens(_token(**claims), "refresh", "mark")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "e30.!!!.x", "e30.W10.x", "e30.bnVsbA.x"])
def test_what_is_no_token_is_no_session(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        BrowserSession.from_tokens(text, "refresh", "mark")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2026-11-24T14:05:59.123Z", "24 November 2026, 14:05 UTC"),
        ("2026-11-24T23:30:00-05:00", "25 November 2026, 04:30 UTC"),
        (None, "—"),
        ("soon", "—"),
    ],
)
def test_a_moment_is_said_to_the_minute_in_one_zone(given: str | None, said: str) -> None:
    assert labels.format_datetime(given) == said


@pytest.mark.parametrize(("code", "said"), [("AT", "Austria"), ("NL", "Netherlands"), ("EU", "EU")])
def test_a_country_is_called_by_its_name(code: str, said: str) -> None:
    assert country_name(code) == said


def test_money_and_sizes_are_said_as_people_write_them() -> None:
    assert labels.format_money(123456, "USD") == "1,234.56 USD"
    assert labels.format_money(1200, "JPY") == "1,200 JPY"
    assert [labels.format_size(n) for n in (0, 999, 3_145_745, 10**13)] == ["0 bytes", "999 bytes", "3.1 MB", "10.0 TB"]


def test_a_code_that_repeats_a_status_has_a_page_although_nobody_wrote_it() -> None:
    found = find_error_page("http.request.status_417")
    assert found is not None
    assert (found.status, found.title) == (417, "Expectation Failed")


def test_a_schema_that_holds_itself_ends_somewhere() -> None:
    node = build_example(DOCUMENT, {"$ref": "#/components/schemas/Node"})
    assert json.dumps(node).count("next") < 10
    assert build_example(DOCUMENT, {"$ref": "#/components/schemas/Loop"}) is None


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array", "items": {"type": "integer"}}, "array of integer"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"const": "one"}, "const"),
        ({}, "any"),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, Any], said: str) -> None:
    assert describe_type(DOCUMENT, schema) == said


def test_an_example_with_a_quote_stays_one_argument_of_the_shell() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "examples": ["it's"]}}}
    content = {"application/json": {"schema": schema}}
    operation = {
        "operationId": "x",
        "tags": ["sync"],
        "summary": "X",
        "responses": {},
        "requestBody": {"content": content},
    }
    [found] = group_by_service({**DOCUMENT, "paths": {"/v1/x": {"post": operation}}})["sync"]
    assert "it'\\''s" in found.curl


def test_a_service_without_operations_is_still_listed() -> None:
    assert group_by_service(DOCUMENT) == {"sync": ()}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("until erased", "until erased"),
        ("1 days after created_at", "1 day after creation"),
        ("30 days after last_seen_at", "30 days after the last use"),
        ("365 days after denied_at", "365 days after the denial"),
        ("2555 days after completed_at", "7 years after completion"),
        ("0 days after expires_at", "until expiry"),
        ("9 days after something_new_at", "9 days after something new at"),
    ],
)
def test_how_long_a_field_is_kept_is_said_as_people_say_it(declared: str, said: str) -> None:
    assert labels.format_retention(declared) == said


@pytest.mark.parametrize(("least", "said"), [(0, "fewer than 5"), (5, "5 to 9"), (1000, "1,000 to 1,004")])
def test_a_coarse_figure_is_said_by_its_bounds(least: int, said: str) -> None:
    assert labels.format_range({"at_least": least, "at_most": least + 4}) == said

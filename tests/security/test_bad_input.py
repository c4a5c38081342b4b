"""Bad input to any route of any service: a 4xx problem with a stable code, nothing stored, one line without it."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from joserfc.jwk import ECKey

from shared.clock import utc_now
from shared.web import Principal, Route, issue_access_token
from tests.security.conftest import Stored, Target, path_of
from tests.support.http import PUBLIC_URL, Reply
from tests.support.logs import Lines

CANARY = "canary-8f3a"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Attack:
    """A request that no route accepts, and how each must refuse it."""

    body: bytes
    status: int
    code: str
    headers: dict[str, str] = field(default_factory=dict)


NESTED = b'{"a":' * 2_000 + b"1" + b"}" * 2_000
BODIES = {
    "malformed": Attack(b'{"name": "canary-8f3a"', 400, "http.request.malformed"),
    "empty": Attack(b"", 400, "http.request.malformed"),
    "broken UTF-8": Attack(b'{"name": "canary-8f3a\xff"}', 400, "http.request.malformed"),
    "a key twice": Attack(b'{"name": "canary-8f3a", "name": "b"}', 400, "http.request.malformed"),
    "NaN": Attack(b'{"canary-8f3a": NaN}', 400, "http.request.malformed"),
    "nested": Attack(NESTED, 400, "http.request.malformed"),
    "a list": Attack(b'["canary-8f3a"]', 422, "http.request.invalid"),
    "unknown fields": Attack(b'{"canary-8f3a": "canary-8f3a"}', 422, "http.request.invalid"),
    "as text": Attack(b"canary-8f3a", 415, "http.media_type.unsupported", {"Content-Type": "text/plain"}),
    "in Latin-1": Attack(b"{}", 415, "http.media_type.unsupported", {"Content-Type": f"{JSON}; charset=latin-1"}),
    "a gzip bomb": Attack(
        gzip.compress(b"0" * 5_000_000), 415, "http.media_type.unsupported", {"Content-Encoding": "gzip"}
    ),
}
FORMS = {
    "not ASCII": Attack(b"name=\xff", 400, "http.request.malformed"),
    "a name twice": Attack(b"a=canary-8f3a&a=b", 400, "http.request.malformed"),
    "unknown fields": Attack(b"canary-8f3a=canary-8f3a", 422, "http.request.invalid"),
    "as JSON": Attack(b"{}", 415, "http.media_type.unsupported", {"Content-Type": JSON}),
    "a broken multipart": Attack(
        b"--b", 400, "http.request.malformed", {"Content-Type": "multipart/form-data; boundary=b"}
    ),
    "a gzip bomb": Attack(
        gzip.compress(b"0" * 5_000_000), 415, "http.media_type.unsupported", {"Content-Encoding": "gzip"}
    ),
}


OAUTH = {"/oauth/token", "/oauth/revoke", "/oauth/introspect"}


def faults(reply: Reply, lines: list[dict[str, Any]], status: int, code: str) -> list[str]:
    """Return what is wrong with how a request was refused."""
    told = [line for line in lines if line["event"].startswith("http.")]
    return [
        said
        for said, holds in (
            (f"answered {reply}", (reply.status, reply.code) == (status, code)),
            (f"logged {[line['event'] for line in lines]}", len(told) == len(lines) == 1),
            ("the answer quotes the payload", CANARY.encode() not in reply.body),
            ("the log quotes the payload", CANARY not in json.dumps(lines)),
        )
        if not holds
    ]


async def refusals(
    target: Target, routes: list[Route], attack: Attack, media: str, logged: Lines
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for route in routes:
        headers = target.headers(route, **{"Content-Type": media, **attack.headers})
        reply = await target.send(route, data=attack.body, headers=headers)
        # What a body is said to be is looked at before its length.
        is_too_large = attack.status != 415 and len(attack.body) > route.body_limit
        status, code = (413, "http.request.too_large") if is_too_large else (attack.status, attack.code)
        if wrong := faults(reply, logged(), status, code):
            found[f"{route.method} {route.path}"] = wrong
    return found


@pytest.mark.parametrize("attack", BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_is_refused_by_every_route(
    target: Target, stored: Stored, logged: Lines, attack: Attack
) -> None:
    before = await stored(target)
    assert await refusals(target, target.with_input("body"), attack, JSON, logged) == {}
    assert await stored(target) == before


@pytest.mark.parametrize("attack", FORMS.values(), ids=FORMS.keys())
async def test_a_bad_form_is_refused_by_every_route(
    target: Target, stored: Stored, logged: Lines, attack: Attack
) -> None:
    before = await stored(target)
    # OAuth demands that unknown parameters are ignored (RFC 6749, 3.2); every other form is closed.
    closed = [route for route in target.with_input("form") if route.inputs["form"].model_config["extra"] == "forbid"]
    assert {route.path for route in target.with_input("form")} - {route.path for route in closed} <= OAUTH
    assert await refusals(target, closed, attack, FORM, logged) == {}
    assert await stored(target) == before


async def spaces(count: int) -> AsyncIterator[bytes]:
    """Yield a body in pieces, whose length is not announced."""
    for begin in range(0, count, 65_536):
        yield b" " * min(65_536, count - begin)


@pytest.mark.parametrize("whole", [True, False], ids=["that says so", "that does not say so"])
async def test_a_body_beyond_its_limit_is_refused_by_every_route(
    target: Target, stored: Stored, logged: Lines, whole: bool
) -> None:
    before, found = await stored(target), {}
    for route in target.with_input("body") + target.with_input("form"):
        count = route.body_limit + 1
        sent = BytesIO(b" " * count) if whole else spaces(count)
        reply = await target.send(route, data=sent, headers=target.headers(route, **{"Content-Type": JSON}))
        if wrong := faults(reply, logged(), 413, "http.request.too_large"):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}
    assert await stored(target) == before


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        (f"{CANARY}=1", 422, "http.request.invalid"),
        (f"limit={CANARY}", 422, "http.request.invalid"),
        ("limit=1&limit=1", 400, "http.request.malformed"),
    ],
)
async def test_a_bad_query_is_refused_by_every_route_that_reads_one(
    target: Target, stored: Stored, logged: Lines, query: str, status: int, code: str
) -> None:
    before, found = await stored(target), {}
    for route in target.with_input("query"):
        reply = await target.site.ask(route.method, f"{path_of(route)}?{query}", headers=target.headers(route))
        if wrong := faults(reply, logged(), status, code):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}
    assert await stored(target) == before


# ── Who calls ─────────────────────────────────────────────────────────────────────────────────────────────────────

Forge = Callable[[Target, Principal], str | None]


def _nothing(_target: Target, _who: Principal) -> None:
    return None


def _nonsense(_target: Target, _who: Principal) -> str:
    return CANARY


def _by_another_key(_target: Target, who: Principal) -> str:
    mallory = ECKey.generate_key("P-256", {"kid": "key_1"}, auto_kid=False)
    return issue_access_token(who, mallory, issuer=PUBLIC_URL, at=utc_now())


def _of_another_house(target: Target, who: Principal) -> str:
    return issue_access_token(who, target.site.trust.signer, issuer="https://evil.example", at=utc_now())


def _old(target: Target, who: Principal) -> str:
    return target.site.trust.token(who, at=utc_now() - timedelta(minutes=11))


def _for_too_long(target: Target, who: Principal) -> str:
    return target.site.trust.token(who, at=utc_now(), life=timedelta(days=1))


TOKENS: dict[str, tuple[Forge, str]] = {
    "none": (_nothing, "auth.credentials.required"),
    "nonsense": (_nonsense, "auth.access_token.invalid"),
    "signed by another key": (_by_another_key, "auth.access_token.invalid"),
    "of another house": (_of_another_house, "auth.access_token.invalid"),
    "expired": (_old, "auth.access_token.expired"),
    "of too long a life": (_for_too_long, "auth.access_token.invalid"),
}


@pytest.mark.parametrize(("forge", "code"), TOKENS.values(), ids=TOKENS.keys())
async def test_a_token_that_is_not_good_opens_no_guarded_route(
    target: Target, stored: Stored, logged: Lines, forge: Forge, code: str
) -> None:
    before, found = await stored(target), {}
    for route in target.routes:
        who = target.caller(route)
        if who is None:
            continue
        token = forge(target, who)
        headers = target.headers(route, Authorization=f"Bearer {token}" if token else "")
        reply = await target.send(route, data=b"{}", headers={**headers, "Content-Type": JSON})
        if wrong := faults(reply, logged(), 401, code):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}
    assert await stored(target) == before


STRANGERS = (
    Principal(kind="customer", id="acc_1", session="ses_1"),
    Principal(kind="staff", id="acc_2", session="ses_2"),
    Principal(kind="staff", id="acc_3", session="ses_3", roles=frozenset({"nothing"})),
    Principal(kind="partner", id="cli_1", session="ses_4", scopes=frozenset({"nothing"})),
)


async def test_who_is_not_meant_gets_in_nowhere(target: Target, stored: Stored, logged: Lines) -> None:
    before, found = await stored(target), {}
    for route in target.routes:
        for who in STRANGERS:
            if route.access.public or any(rule.allows(who) for rule in route.access.rules):
                continue
            headers = target.headers(route) | target.site.trust.headers(who, at=utc_now())
            reply = await target.send(route, data=b"{}", headers={**headers, "Content-Type": JSON})
            if wrong := faults(reply, logged(), 403, "auth.access.forbidden"):
                found[f"{route.method} {route.path} by {who}"] = wrong
    assert found == {}
    assert await stored(target) == before


async def test_a_login_that_must_be_recent_is_asked_for_anew(target: Target, logged: Lines) -> None:
    found = {}
    for route in target.routes:
        who = target.caller(route)
        ages = [rule.max_age for rule in route.access.rules]
        if who is None or None in ages:
            continue
        stale = replace(who, auth_time=utc_now() - timedelta(days=365))
        headers = target.headers(route) | target.site.trust.headers(stale, at=utc_now())
        reply = await target.send(route, data=b"{}", headers={**headers, "Content-Type": JSON})
        if wrong := faults(reply, logged(), 401, "auth.session.reauthentication_required"):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}


# ── Headers, keys, methods ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_repeated_header_is_refused_by_every_route(target: Target, logged: Lines) -> None:
    found = {}
    for route in target.routes:
        lines = [f"{name}: {value}" for name, value in target.headers(route).items() if name != "Idempotency-Key"]
        twice = ["Idempotency-Key: canary-8f3a", "Idempotency-Key: b"]
        head = [f"{route.method} {path_of(route)} HTTP/1.1", "Host: a", *lines, *twice, "", ""]
        reply = await target.site.say("\r\n".join(head).encode())
        if wrong := faults(reply, logged(), 400, "http.request.malformed"):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}


async def test_a_route_that_creates_wants_an_idempotency_key(target: Target, stored: Stored, logged: Lines) -> None:
    before, found = await stored(target), {}
    for route in target.routes:
        if not route.idempotent or route.inputs:
            continue  # with a body, the body is read first: an empty one has been refused above
        headers = {name: value for name, value in target.headers(route).items() if name != "Idempotency-Key"}
        reply = await target.send(route, headers=headers)
        if wrong := faults(reply, logged(), 400, "idempotency.key.missing"):
            found[f"{route.method} {route.path}"] = wrong
    assert found == {}
    assert await stored(target) == before


async def test_a_method_that_a_route_does_not_know_is_refused_with_those_that_it_does(
    target: Target, logged: Lines
) -> None:
    for path in {path_of(route) for route in target.routes}:
        reply = await target.site.ask("TRACE", path, headers={"X-A": CANARY})
        assert faults(reply, logged(), 405, "http.method.not_allowed") == [], path
        assert reply.headers["Allow"]


async def test_there_is_nothing_at_other_addresses(target: Target, logged: Lines) -> None:
    for path in (f"/{CANARY}", f"/v1/{CANARY}", f"/v1/{target.name}/{CANARY}/x/y/z", "/.env", "/v1/../metrics/x"):
        reply = await target.site.get(path)
        assert faults(reply, logged(), 404, "http.route.not_found") == [], path

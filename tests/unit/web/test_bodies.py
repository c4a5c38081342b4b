"""Bodies are read strictly: what a program may misread is refused, and nothing that was sent is quoted."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from aiohttp import FormData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, HttpUrl, ValidationError

from shared.errors import InvalidInputError, MalformedError
from shared.web import PUBLIC, FormBody, JsonBody, Query, RequestContext, View, get, post
from shared.web.body import parse_pairs, validation_error
from tests.support.http import Reply, Site, serving


class Thing(JsonBody):
    name: str
    count: int = 0
    price: float = 0.0
    more: "Thing | None" = None


class Answered(View):
    name: str
    count: int


class Unsubscribe(FormBody):
    how: Annotated[str, Field(alias="List-Unsubscribe")]


class Asked(Query):
    text: str = ""


async def take(call: RequestContext, body: Thing) -> Answered:
    """Take a thing."""
    return Answered(name=body.name, count=body.count)


async def unsubscribe(call: RequestContext, form: Unsubscribe) -> Answered:
    """Take a form."""
    return Answered(name=form.how, count=0)


async def ask(call: RequestContext, query: Asked) -> Answered:
    """Take a question."""
    return Answered(name=query.text, count=0)


@pytest.fixture(scope="module")
async def demo() -> AsyncIterator[Site]:
    async with serving(
        post("/things", take, access=PUBLIC),
        post("/forms", unsubscribe, access=PUBLIC),
        get("/ask/{name}", ask, access=PUBLIC),
    ) as site:
        yield site


async def sent(demo: Site, body: bytes, media: str = "application/json") -> Reply:
    return await demo.post("/things", data=body, headers={"Content-Type": media})


async def formed(demo: Site, body: bytes, media: str = "application/x-www-form-urlencoded") -> Reply:
    return await demo.post("/forms", data=body, headers={"Content-Type": media})


NESTED = b'{"name":"x","more":' * 500 + b"null" + b"}" * 500
MALFORMED = {
    "nothing": b"",
    "half": b'{"name": "x"',
    "two texts": b'{"name": "x"} {}',
    "broken UTF-8": b'{"name": "\xff\xfe"}',
    "an overlong slash": b'{"name": "\xc0\xaf"}',
    "half a surrogate": b'{"name": "\\ud800"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "a key twice": b'{"name": "x", "name": "y"}',
    "a key twice below": b'{"name": "x", "more": {"name": "x", "name": "y"}}',
    "NaN": b'{"name": "x", "price": NaN}',
    "Infinity": b'{"name": "x", "price": Infinity}',
    "minus Infinity": b'{"name": "x", "price": -Infinity}',
    "a comment": b'{"name": "x" /* hidden */}',
    "a comma too much": b'{"name": "x",}',
    "other quotes": b"{'name': 'x'}",
    "deep lists": b"[" * 100_000,
    "deep objects": NESTED,
    "a line break in a text": b'{"name": "a\nb"}',
    "an integer of 5,000 digits": b'{"name": "x", "count": ' + b"9" * 5000 + b"}",
}
INVALID = {
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "nothing in it": b"{}",
    "a number as text": b'{"name": 1}',
    "a text as number": b'{"name": "x", "count": "1"}',
    "a half": b'{"name": "x", "count": 1.5}',
    "a bool as number": b'{"name": "x", "count": true}',
    "an unknown field": b'{"name": "x", "admin": true}',
    "an endless price": b'{"name": "x", "price": 1e999}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_body_that_is_not_strict_json_is_malformed(demo: Site, body: bytes) -> None:
    reply = await sent(demo, body)
    assert (reply.status, reply.code) == (400, "http.request.malformed")


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID.keys())
async def test_a_body_of_other_types_is_invalid(demo: Site, body: bytes) -> None:
    reply = await sent(demo, body)
    assert (reply.status, reply.code) == (422, "http.request.invalid")
    assert reply.json["fields"]


@pytest.mark.parametrize(
    "media", ["text/json", "application/json; charset=latin-1", "application/json; charset=utf-16", "x", "*/*"]
)
async def test_a_body_of_another_kind_is_not_guessed_at(demo: Site, media: str) -> None:
    reply = await sent(demo, b'{"name": "x"}', media)
    assert (reply.status, reply.code, reply.headers["Accept"]) == (
        415,
        "http.media_type.unsupported",
        "application/json",
    )


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
async def test_json_is_known_by_all_its_names(demo: Site, media: str) -> None:
    assert (await sent(demo, '{"name": "Zoë"}'.encode(), media)).json == {"name": "Zoë", "count": 0}


# ── Forms ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_click_unsubscribe_comes_as_urlencoded_form(demo: Site) -> None:
    assert (await formed(demo, b"List-Unsubscribe=One-Click")).json["name"] == "One-Click"


async def test_one_click_unsubscribe_comes_as_multipart_form(demo: Site) -> None:
    form = FormData(default_to_multipart=True)
    form.add_field("List-Unsubscribe", "One-Click")
    reply = await demo.post("/forms", data=form)
    assert (reply.status, reply.json["name"]) == (200, "One-Click")


PART = b'Content-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click'
MULTIPART = "multipart/form-data; boundary=b"


def multipart(*parts: bytes, end: bytes = b"\r\n--b--\r\n") -> bytes:
    return b"".join(b"\r\n--b\r\n" + part for part in parts) + end


@pytest.mark.parametrize(
    "media", [MULTIPART, 'multipart/form-data; boundary="b"', "multipart/form-data; charset=utf-8; Boundary=b"]
)
async def test_a_boundary_may_be_quoted(demo: Site, media: str) -> None:
    assert (await formed(demo, multipart(PART), media)).status == 200


BAD_FORMS: dict[str, tuple[bytes, str]] = {
    "no boundary": (multipart(PART), "multipart/form-data"),
    "another boundary": (multipart(PART), "multipart/form-data; boundary=c"),
    "no end": (multipart(PART, end=b""), MULTIPART),
    "no part": (multipart(), MULTIPART),
    "a field twice": (multipart(PART, PART), MULTIPART),
    "a file": (multipart(PART.replace(b'"\r\n', b'"; filename="x"\r\n')), MULTIPART),
    "no name": (multipart(b"Content-Disposition: form-data\r\n\r\nx"), MULTIPART),
    "two names": (multipart(PART.replace(b"\r\n\r\n", b"\r\n" + PART[:55] + b"\r\n\r\n")), MULTIPART),
    "broken UTF-8": (multipart(PART + b"\xff"), MULTIPART),
    "parts in parts": (multipart(b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--"), MULTIPART),
    "a thousand parts": (multipart(*[PART] * 1000), MULTIPART),
    "not ASCII": (b"List-Unsubscribe=\xff", "application/x-www-form-urlencoded"),
    "broken UTF-8 in a form": (b"List-Unsubscribe=%ff", "application/x-www-form-urlencoded"),
    "a name twice": (b"List-Unsubscribe=a&List-Unsubscribe=b", "application/x-www-form-urlencoded"),
    "a thousand names": (b"&".join(b"a%d=1" % number for number in range(1000)), "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize(("body", "media"), BAD_FORMS.values(), ids=BAD_FORMS.keys())
async def test_a_form_that_cannot_be_read_is_malformed(demo: Site, body: bytes, media: str) -> None:
    reply = await formed(demo, body, media)
    assert (reply.status, reply.code) == (400, "http.request.malformed")


@pytest.mark.parametrize("body", [b"", b"other=1", b"List-Unsubscribe=One-Click&other=1"])
async def test_a_form_of_other_fields_is_invalid(demo: Site, body: bytes) -> None:
    assert (await formed(demo, body)).code == "http.request.invalid"


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/ask/%ff", "/ask/a%00b", "/ask/%2e%2e%2f", "/ask/a?text=%ff", "/ask/a?text=%00", "/%"]
)
async def test_odd_bytes_in_an_address_are_never_a_fault_of_ours(demo: Site, path: str) -> None:
    reply = await demo.say(f"GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n".encode())
    assert reply.status < 500


# ── Nothing is quoted ─────────────────────────────────────────────────────────────────────────────────────────────

CANARY = "canary8429"


class Kind(StrEnum):
    ONE = "one"


class Left(JsonBody):
    kind: Annotated[str, Field(pattern="left")]


class Everything(JsonBody):
    text: Annotated[str, Field(max_length=3)]
    pattern: Annotated[str, Field(pattern=r"^a+$")]
    number: int
    price: float
    at: datetime
    day: date
    id: UUID
    url: HttpUrl
    kind: Kind
    names: dict[str, int]
    some: list[int]
    either: int | Left
    flag: bool


words = st.one_of(
    st.just(CANARY), st.text(max_size=5).map(CANARY.__add__), st.text(max_size=5).map(lambda text: text + CANARY)
)
values = st.recursive(words, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.one_of(st.sampled_from(list(Everything.model_fields)), words), values, max_size=8))
def test_a_refusal_never_quotes_what_was_sent(body: dict[str, Any]) -> None:
    try:
        Everything.model_validate_json(json.dumps(body))
    except ValidationError as fault:
        told = validation_error(fault, Everything)
        assert CANARY not in f"{told.fields}{told.detail}"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5))
def test_any_query_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    expected = MalformedError if len({name for name, _ in pairs}) != len(pairs) else InvalidInputError
    with suppress(expected):
        parse_pairs(Asked, pairs)

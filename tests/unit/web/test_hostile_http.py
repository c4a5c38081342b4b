"""What arrives on the port of a service and is no proper HTTP, or no honest one."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import repeat

import pytest
from aiohttp import web
from aiohttp.http_parser import HttpRequestParser
from aiohttp.web_protocol import RequestHandler

from shared.web import PUBLIC, JsonBody, RequestContext, View, accept_any_encoding, get, post, read_body
from tests.support.http import Site, read_reply, serving
from tests.support.logs import Lines

SECRET = b"ada-secret"
LIMIT = 1000


class Text(JsonBody):
    text: str


class Length(View):
    length: int


async def take(call: RequestContext, body: Text) -> Length:
    """Take a text."""
    return Length(length=len(body.text))


async def stream(call: RequestContext) -> Length:
    """Take a stream."""
    return Length(
        length=sum([len(chunk) async for chunk in call.iter_body(limit=LIMIT, stall_timeout=timedelta(seconds=0.2))])
    )


async def in_time(call: RequestContext) -> Length:
    """Take a body that must be here soon."""
    return Length(length=len(await read_body(call.request, limit=10**6, timeout=timedelta(seconds=0.3))))


async def endless(call: RequestContext) -> web.StreamResponse:
    """Write as long as the client reads."""
    reply = web.StreamResponse()
    await reply.prepare(call.request)
    while True:
        await reply.write(b"x" * 65_536)


async def half(call: RequestContext) -> web.StreamResponse:
    """Begin a reply and break."""
    reply = web.StreamResponse()
    await reply.prepare(call.request)
    await reply.write(b"half of it")
    raise RuntimeError("broken")


def raw(app: web.Application) -> None:
    @accept_any_encoding
    async def keep(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app.router.add_put("/raw/kept", keep)


@pytest.fixture(scope="module")
async def demo() -> AsyncIterator[Site]:
    async with serving(
        post("/take", take, access=PUBLIC, body_limit=LIMIT),
        post("/stream", stream, access=PUBLIC),
        post("/in-time", in_time, access=PUBLIC),
        get("/endless", endless, access=PUBLIC, replies="text/plain"),
        get("/half", half, access=PUBLIC, replies="text/plain"),
        extra_routes=raw,
    ) as site:
        yield site


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {path} HTTP/1.1", "Host: demo", "Content-Type: application/json", *length, *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


JSON = b'{"text": "ada-secret"}'
UNREADABLE = {
    "not HTTP": b"ada-secret nonsense\r\n\r\n",
    "TLS to a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET + b"\r\n\r\n",
    "no such version": b"GET /ada-secret HTTP/9.9\r\nHost: demo\r\n\r\n",
    "two lengths": request("POST", "/take", "Content-Length: 3", body=JSON),
    "a length and chunks": request("POST", "/take", "Transfer-Encoding: chunked", body=JSON),
    "an unknown transfer coding": request("POST", "/take", "Transfer-Encoding: xchunked") + JSON,
    "a negative length": request("POST", "/take", "Content-Length: -5"),
    "a length of letters": request("POST", "/take", "Content-Length: ada-secret"),
    "two hosts": request("GET", "/healthz", "Host: ada-secret"),
    "a header without a name": request("GET", "/healthz", ": ada-secret"),
    "a space before the colon": request("GET", "/healthz", "X-A : ada-secret"),
    "a header in two lines": request("GET", "/healthz", "X-A: b\r\n ada-secret"),
    "a bare line feed": b"GET /ada-secret HTTP/1.1\nHost: demo\n\n",
    "a zero byte in a header": request("GET", "/healthz", "X-A: ada\x00-secret"),
    "an endless address": request("GET", "/" + "ada-secret" * 1000),
    "an endless header": request("GET", "/healthz", "X-A: " + "ada-secret" * 1000),
    "endless headers": request("GET", "/healthz", *(f"X-{number}: ada-secret" for number in range(300))),
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_one_problem_and_one_line_without_its_bytes(
    demo: Site, logged: Lines, sent: bytes
) -> None:
    reply = await demo.say(sent)
    assert (reply.status, reply.code) == (400, "http.request.malformed")
    [line] = logged()
    assert (line["code"], line["request_id"]) == ("http.request.malformed", reply.headers["X-Request-Id"])
    assert SECRET.decode() not in f"{reply.body!r}{line}"


@pytest.mark.parametrize(
    "headers",
    [
        ("Authorization: Bearer a", "Authorization: Bearer b"),
        ("Content-Type: text/plain",),
        ("Idempotency-Key: a", "Idempotency-Key: b"),
        ("Content-Encoding: identity", "Content-Encoding: gzip"),
    ],
)
async def test_a_header_that_decides_may_occur_once(demo: Site, headers: tuple[str, ...]) -> None:
    reply = await demo.say(request("POST", "/take", *headers, body=JSON))
    assert (reply.status, reply.code) == (400, "http.request.malformed")


async def test_the_compiled_parser_is_used() -> None:
    # Most of the smuggling that was ever found in aiohttp was in the parser written in Python.
    assert HttpRequestParser.__module__ == "aiohttp._http_parser"
    assert RequestHandler.__mro__[1].__name__ == "BaseProtocol"


# ── Bodies: how much, how fast, how packed ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/take", "/stream"])
async def test_a_body_that_says_it_is_too_large_is_not_waited_for(demo: Site, path: str) -> None:
    reply = await demo.say(request("POST", path, f"Content-Length: {LIMIT + 1}"))
    assert (reply.status, reply.code, reply.headers["Connection"]) == (413, "http.request.too_large", "close")


@pytest.mark.parametrize("path", ["/take", "/stream"])
async def test_a_body_that_does_not_say_so_is_counted(demo: Site, path: str) -> None:
    chunk = b"200\r\n" + b"x" * 0x200 + b"\r\n"
    reply = await demo.say(request("POST", path, "Transfer-Encoding: chunked"), rest=[chunk] * 100)
    assert (reply.status, reply.code) == (413, "http.request.too_large")


async def test_a_body_at_the_limit_is_read(demo: Site) -> None:
    body = b'{"text": "%s"}' % (b"x" * (LIMIT - 12))
    reply = await demo.say(request("POST", "/take", body=body))
    assert (reply.status, reply.json) == (200, {"length": LIMIT - 12})


async def test_a_body_that_stops_is_cut_off(demo: Site, logged: Lines) -> None:
    reply = await demo.say(request("POST", "/stream", "Content-Length: 100") + SECRET)
    assert (reply.status, reply.code, reply.headers["Connection"]) == (408, "http.request.timeout", "close")
    assert [line["code"] for line in logged()] == ["http.request.timeout"]


async def test_a_body_that_never_ends_is_cut_off_however_often_something_comes(demo: Site) -> None:
    begun = request("POST", "/in-time", "Transfer-Encoding: chunked")
    reply = await demo.say(begun, pause=0.05, rest=repeat(b"1\r\nx\r\n"))
    assert (reply.status, reply.code) == (408, "http.request.timeout")


async def test_a_client_that_goes_in_the_middle_of_its_body_is_no_fault_of_ours(demo: Site, logged: Lines) -> None:
    _, writer = await demo.connect()
    writer.write(request("POST", "/take", "Content-Length: 100") + b"{")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.1)
    assert [line["level"] for line in logged() if line["level"] == "error"] == []


async def test_a_client_that_goes_in_the_middle_of_the_reply_is_no_fault_of_ours(demo: Site, logged: Lines) -> None:
    reader, writer = await demo.connect()
    writer.write(request("GET", "/endless"))
    await reader.readexactly(100_000)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.2)
    assert logged() == []
    assert 'route="/endless",status="499"' in (await demo.get("/metrics")).body.decode()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP", "nonsense"])
async def test_a_packed_body_is_refused_and_learns_what_is_read(demo: Site, encoding: str) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    head = request("POST", "/take", f"Content-Encoding: {encoding}", f"Content-Length: {len(bomb)}")
    reply = await demo.say(head, rest=[bomb])
    assert (reply.status, reply.code) == (415, "http.media_type.unsupported")
    assert reply.headers["Accept-Encoding"] == "identity"


async def test_a_raw_handler_that_is_marked_takes_packed_bytes_as_they_are(demo: Site) -> None:
    packed = gzip.compress(b"hello")
    reply = await demo.ask("PUT", "/raw/kept", data=packed, headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.body) == (200, packed)


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nada-secret\r\n", b"5\r\nada-secret\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\nx\r\n"]
)
async def test_chunks_that_lie_are_refused(demo: Site, logged: Lines, chunks: bytes) -> None:
    reply = await demo.say(request("POST", "/take", "Transfer-Encoding: chunked") + chunks)
    assert (reply.status, reply.code) == (400, "http.request.malformed")
    assert SECRET.decode() not in str(logged())


async def test_a_reply_that_breaks_off_is_seen_to_be_broken(demo: Site, logged: Lines) -> None:
    reader, writer = await demo.connect()
    writer.write(request("GET", "/half"))
    got = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b"half of it" in got
    assert not got.endswith(b"0\r\n\r\n"), "the end of the chunks says that all is there"
    assert [(line["event"], line["code"]) for line in logged()] == [
        ("http.request_failed", "core.service.internal_error")
    ]


async def test_expect_continue_is_answered_before_the_body(demo: Site) -> None:
    reader, writer = await demo.connect()
    writer.write(request("POST", "/take", f"Content-Length: {len(JSON)}", "Expect: 100-continue"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(JSON)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_pipelined_requests_are_answered_in_order(demo: Site) -> None:
    reader, writer = await demo.connect()
    writer.write(request("GET", "/nothing") + request("POST", "/take", body=JSON))
    replies = [await read_reply(reader), await read_reply(reader)]
    writer.close()
    assert [reply.status for reply in replies] == [404, 200]

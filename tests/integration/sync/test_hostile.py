"""Bad input gets the answer of the RFCs, and touches nothing outside the account."""

import pytest

from tests.integration.sync.harness import DavClient

_BOMB = b"""<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<propfind xmlns="DAV:"><prop><x>&b;</x></prop></propfind>"""
_EXTERNAL = (
    b"""<?xml version="1.0"?><!DOCTYPE p SYSTEM "file:///etc/hostname"><propfind xmlns="DAV:"><allprop/></propfind>"""
)
_DEEP = b'<propfind xmlns="DAV:">' + b"<a>" * 5000 + b"</a>" * 5000 + b"</propfind>"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (_BOMB, 400),
        (_EXTERNAL, 400),
        (_BOMB.decode().replace('<?xml version="1.0"?>', "").encode("utf-16"), 400),
        (_DEEP, 400),
        (b"<propfind xmlns='DAV:'><prop>", 400),
        (b"<propfind xmlns='DAV:'/>", 400),
        (b"<propfind xmlns='DAV:'><prop/><allprop/></propfind>", 400),
        (b"<propfind xmlns='urn:other'><allprop/></propfind>", 400),
        (b"\xff\xfe\x00", 400),
        (b'<?xml version="1.0" encoding="nonsense"?><propfind xmlns="DAV:"><allprop/></propfind>', 400),
        (b" " * 300_000, 413),
    ],
)
async def test_hostile_xml_is_refused(ada: DavClient, body: bytes, status: int) -> None:
    assert (await ada.ask("PROPFIND", "", {"Depth": "0"}, body)).status == status


@pytest.mark.parametrize(
    "tail",
    [
        "%2e%2e/x",
        "..%2f..%2fetc",
        "a/../b",
        "./a",
        "a//b",
        "%00",
        "a%00b",
        "a%2Fb",
        "%zz",
        "%",
        "%c3%28",
        "%ff",
        "a/%2E",
    ],
)
async def test_paths_that_are_none_are_refused_wherever_they_stand(ada: DavClient, tail: str) -> None:
    await ada.put("a", b"a")
    target = f"/sync/{ada.username}/{tail}"
    assert (await ada.raw("PUT", target, {}, b"x")).status == 400
    assert (await ada.raw("GET", target)).status == 400
    for method in ("MOVE", "COPY"):
        reply = await ada.ask(method, "a", {"Destination": f"http://candor.example{target}"})
        assert reply.status == 400
    assert await ada.names() == {"a"}


async def test_backslashes_and_dots_in_names_are_only_names(ada: DavClient) -> None:
    for name in ("..\\..\\etc", "...", "a..", ".hidden", " "):
        assert (await ada.put(name, b"x")).status == 201
    assert len(await ada.names()) == 5


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("http://elsewhere.example/sync/{}/b", 502),
        ("http://candor.example:8443/sync/{}/b", 502),
        ("ftp://candor.example/sync/{}/b", 502),
        ("http://candor.example@evil.example/sync/{}/b", 502),
        ("http://x@candor.example/sync/{}/b", 502),
        ("http://candor.example/sync/somebody-else/b", 502),
        ("/sync/somebody-else/b", 502),
        ("http://candor.example/v1/sync/usage", 400),
        ("http://candor.example/sync/{}/b?x=1", 400),
        ("http://candor.example/sync/{}/b#x", 400),
        ("http://[::1/sync/{}/b", 400),
        ("http://candor.example:port/sync/{}/b", 400),
        ("b", 400),
        ("", 400),
        ("https://candor.example/sync/{}/b", 201),
        ("http://CANDOR.example:80/sync/{}/b", 201),
        ("/sync/{}/b", 201),
    ],
)
async def test_a_destination_is_ours_or_refused(ada: DavClient, destination: str, status: int) -> None:
    await ada.put("a", b"a")
    reply = await ada.ask("MOVE", "a", {"Destination": destination.format(ada.username)})
    assert reply.status == status
    assert await ada.names() == ({"b"} if status == 201 else {"a"})


@pytest.mark.parametrize(
    "header",
    [
        "(",
        ")",
        "()",
        "(<a>",
        "<http://candor.example/>",
        "(Not)",
        "(Not Not <a>)",
        "[*]",
        "(<a>) x",
        '(["a)',
        "(<a b>)",
    ],
)
async def test_a_malformed_if_is_400(ada: DavClient, header: str) -> None:
    assert (await ada.put("a", b"a", {"If": header})).status == 400


async def test_an_endless_if_is_400(ada: DavClient) -> None:
    assert (await ada.put("a", b"a", {"If": "(<urn:a>)" * 800})).status == 400
    assert (await ada.put("a", b"a", {"If": "(" * 2000})).status == 400


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("(<urn:uuid:unknown>)", 412),
        ("(Not <DAV:no-lock>)", 204),
        ("(<DAV:no-lock>)", 412),
        ('(["wrong"]) (Not ["wrong"])', 204),
        ("([*])", 204),
        ("(Not [*])", 412),
        ("<http://candor.example/sync/somebody/x> ([*])", 412),
        ("<http://elsewhere.example/x> (Not [*])", 204),
        ('([W/"1"])', 412),
    ],
)
async def test_an_if_that_can_be_read_decides(ada: DavClient, header: str, status: int) -> None:
    await ada.put("a", b"a")
    assert (await ada.put("a", b"b", {"If": header})).status == status


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PROPFIND", {"Depth": "2"}, 400),
        ("PROPFIND", {"Depth": ""}, 400),
        ("COPY", {"Depth": "1", "Destination": "http://candor.example/x"}, 400),
        ("COPY", {"Overwrite": "maybe"}, 400),
        ("PUT", {"If-Match": "unquoted"}, 400),
        ("PUT", {"If-None-Match": '"a" "b"'}, 400),
        ("PUT", {"Content-Range": "bytes 0-1/10"}, 400),
        ("UNLOCK", {}, 400),
        ("UNLOCK", {"Lock-Token": "urn:uuid:x"}, 400),
        ("LOCK", {"Depth": "1"}, 412),
        ("PROPPATCH", {}, 400),
        ("PATCH", {}, 405),
        ("REPORT", {}, 400),
        ("POST", {}, 405),
    ],
)
async def test_headers_and_methods_that_make_no_sense(
    ada: DavClient, method: str, headers: dict[str, str], status: int
) -> None:
    await ada.put("a", b"a")
    reply = await ada.ask(method, "a", {"Destination": ada.public("b"), **headers})
    assert reply.status == status, reply
    if status == 405:
        assert "PROPFIND" in reply.headers["Allow"]


@pytest.mark.parametrize(
    "value", ["bytes=", "bytes=-", "bytes=x-y", "bytes=5-1", "bytes=0-1,0-1", "lines=1-2", "bytes=" + "0-0," * 50]
)
async def test_a_range_that_makes_no_sense_is_ignored(ada: DavClient, value: str) -> None:
    await ada.put("a", b"0123456789")
    assert (await ada.get("a", {"Range": value})).body == b"0123456789"


async def test_names_and_paths_are_bounded(ada: DavClient) -> None:
    assert (await ada.put("n" * 255, b"")).status == 201
    assert (await ada.put("n" * 256, b"")).status == 414
    assert (await ada.put("ä" * 128, b"")).status == 414
    assert (await ada.put("/".join(["n" * 200] * 25), b"")).status == 414
    assert (await ada.put("a/" * 200 + "a", b"")).status == 414


async def test_a_file_at_the_address_of_a_folder_is_refused(ada: DavClient) -> None:
    await ada.mkcol("box")
    assert (await ada.put("box", b"")).status == 405
    assert (await ada.put("new/", b"")).status == 405
    assert (await ada.put("", b"")).status == 405
    assert (await ada.get("box")).status == 405


@pytest.mark.parametrize("method", ["REPORT", "PROPPATCH", "LOCK", "MKCOL"])
@pytest.mark.parametrize(
    ("body", "status"), [(_BOMB, 400), (_EXTERNAL, 400), (_DEEP, 400), (b"<x", 400), (b" " * 300_000 + b"<x/>", 413)]
)
async def test_hostile_xml_is_refused_by_every_method_that_reads_any(
    ada: DavClient, method: str, body: bytes, status: int
) -> None:
    reply = await ada.ask(method, "new" if method == "MKCOL" else "", {"Content-Type": "text/xml"}, body)
    assert reply.status == status, reply
    assert await ada.names() == set()


async def test_a_path_may_have_4096_bytes_and_no_more(ada: DavClient) -> None:
    parts = ["n" * 255] * 16
    for depth in range(1, 16):
        assert (await ada.mkcol("/".join(parts[:depth]))).status == 201
    assert (await ada.put("/".join(parts), b"x")).status == 201
    assert (await ada.put("/".join([*parts, "m"]), b"x")).status == 414


@pytest.mark.parametrize("value", ["", "Second-", "Second--1", "Second-99999999999", "Infinite", "Second-1x, nonsense"])
async def test_a_timeout_that_makes_no_sense_is_only_a_wish(ada: DavClient, value: str) -> None:
    await ada.put("a", b"a")
    assert await ada.lock("a", Timeout=value)

"""Files and folders are told truly: ranges, conditions, properties, quota."""

import asyncio

import pytest

from shared.clock import utc_now
from tests.integration.sync.harness import MIB, DavClient, SyncHarness, xpath
from tests.support.http import a_customer

CONTENT = bytes(range(251)) * 12_000


async def test_ranges_are_sent_across_frames(ada: DavClient) -> None:
    await ada.put("film.bin", CONTENT)
    for first, last in ((0, 0), (MIB - 1, MIB), (MIB - 5, 2 * MIB + 5), (len(CONTENT) - 3, len(CONTENT) - 1)):
        part = await ada.get("film.bin", {"Range": f"bytes={first}-{last}"})
        assert part.status == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
        assert part.body == CONTENT[first : last + 1]


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, MIB, MIB + 1, 2 * MIB])
async def test_files_of_every_size_come_back_whole_and_in_parts(ada: DavClient, size: int) -> None:
    content = (CONTENT * 2)[:size]
    assert (await ada.put("file", content)).status == 201
    assert (await ada.get("file")).body == content
    assert (await ada.properties("file", "getcontentlength"))["getcontentlength"] == str(size)
    if size:
        assert (await ada.get("file", {"Range": "bytes=-1"})).body == content[-1:]
    beyond = await ada.get("file", {"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")


async def test_several_ranges_come_as_parts(ada: DavClient) -> None:
    await ada.put("a.txt", b"0123456789")
    reply = await ada.get("a.txt", {"Range": "bytes=0-1,-2"})
    mark = reply.headers["Content-Type"].partition("boundary=")[2]
    parts = [part.partition(b"\r\n\r\n")[2].rstrip(b"\r\n") for part in reply.body.split(b"--" + mark.encode())]
    assert (reply.status, parts[1:3]) == (206, [b"01", b"89"])


async def test_a_range_of_another_version_gets_the_whole_file(ada: DavClient) -> None:
    old = (await ada.put("a.txt", b"0123456789")).headers["ETag"]
    new = (await ada.put("a.txt", b"abcdefghij")).headers["ETag"]
    assert (await ada.get("a.txt", {"Range": "bytes=0-1", "If-Range": old})).body == b"abcdefghij"
    assert (await ada.get("a.txt", {"Range": "bytes=0-1", "If-Range": new})).body == b"ab"


async def test_what_the_client_has_is_not_sent_again(ada: DavClient) -> None:
    put = await ada.put("a.txt", b"a")
    etag = put.headers["ETag"]
    read = await ada.get("a.txt")
    assert (await ada.get("a.txt", {"If-None-Match": etag})).status == 304
    assert (await ada.get("a.txt", {"If-Modified-Since": read.headers["Last-Modified"]})).status == 304
    assert (await ada.get("a.txt", {"If-None-Match": '"0"'})).status == 200


async def test_head_tells_what_get_would_and_sends_nothing(ada: DavClient) -> None:
    for name, size in (("small", 10), ("large", MIB + 1)):
        await ada.put(name, b"x" * size)
        head = await ada.ask("HEAD", name)
        assert (head.status, head.headers["Content-Length"], head.body) == (200, str(size), b"")


async def test_options_names_the_classes(ada: DavClient) -> None:
    reply = await ada.ask("OPTIONS", "")
    assert (reply.status, reply.headers["DAV"], reply.headers["MS-Author-Via"]) == (
        200,
        "1, 2, 3, extended-mkcol",
        "DAV",
    )


async def test_a_folder_is_listed_one_level_at_a_time(ada: DavClient) -> None:
    await ada.mkcol("a")
    await ada.mkcol("a/b")
    refused = await ada.ask("PROPFIND", "", {"Depth": "infinity"})
    assert refused.status == 403
    assert b"propfind-finite-depth" in refused.body
    assert (await ada.ask("PROPFIND", "")).status == 403, "infinity is what no Depth means"
    assert await ada.names() == {"a/"}


async def test_hard_names_come_back_as_they_went(ada: DavClient) -> None:
    hard = [
        "a b",
        "ä%20ö",
        "100% & <tag> 'quote' \"double\"",
        "plus+semi;colon:at@",
        "日本語.txt",
        "trailing.",
        "~tilde",
        "e\u0301",
    ]
    for name in hard:
        assert (await ada.put(name, name.encode())).status == 201
        assert (await ada.get(name)).body == name.encode()
    assert len(await ada.names()) == len(hard)
    listed = (await ada.ask("PROPFIND", "", {"Depth": "1"})).body
    for href in xpath(listed, "//d:response/d:href/text()"):
        assert (await ada.raw("PROPFIND", href, {"Depth": "0"})).status == 207


async def test_properties_that_are_missing_are_told_apart(ada: DavClient) -> None:
    await ada.mkcol("box")
    body = '<propfind xmlns="DAV:"><prop><getetag/><getcontentlength/><x xmlns="urn:x"/></prop></propfind>'
    reply = await ada.ask("PROPFIND", "box", {"Depth": "0"}, body)
    missing = xpath(reply.body, "//d:propstat[contains(d:status, '404')]/d:prop/*")
    assert [each.tag for each in missing] == ["{DAV:}getcontentlength", "{urn:x}x"]


async def test_dead_properties_stay_as_they_came_and_go_along(ada: DavClient) -> None:
    await ada.put("a.txt", b"a")
    body = _patch("<set><prop><n:note xmlns:n='urn:n' xml:lang='de'>Grüße &amp; <n:b>mehr</n:b></n:note></prop></set>")
    assert (await ada.ask("PROPPATCH", "a.txt", body=body)).status == 207
    await ada.copy("a.txt", "b.txt")
    await ada.move("a.txt", "c.txt")
    for name in ("b.txt", "c.txt"):
        asked = '<propfind xmlns="DAV:"><prop><note xmlns="urn:n"/></prop></propfind>'
        reply = await ada.ask("PROPFIND", name, {"Depth": "0"}, asked)
        (note,) = xpath(reply.body, "//n:note", n="urn:n")
        assert "".join(note.itertext()) == "Grüße & mehr"
        assert note.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


async def test_one_property_that_cannot_be_set_leaves_all_unset(ada: DavClient) -> None:
    await ada.put("a.txt", b"a")
    body = _patch("<set><prop><x xmlns='urn:x'>1</x><getetag>mine</getetag></prop></set>")
    reply = await ada.ask("PROPPATCH", "a.txt", body=body)
    assert b"403 Forbidden" in reply.body
    assert b"424 Failed Dependency" in reply.body
    assert b"cannot-modify-protected-property" in reply.body
    assert b"urn:x" not in (await ada.ask("PROPFIND", "a.txt", {"Depth": "0"})).body


async def test_properties_are_bounded(ada: DavClient) -> None:
    await ada.put("a.txt", b"a")
    body = _patch(f"<set><prop><x xmlns='urn:x'>{'x' * 70_000}</x></prop></set>")
    assert (await ada.ask("PROPPATCH", "a.txt", body=body)).status == 507


async def test_many_members_are_listed_in_full(ada: DavClient) -> None:
    await ada.mkcol("many")
    for start in range(0, 600, 100):
        await asyncio.gather(*(ada.put(f"many/{number:04}.txt", b"") for number in range(start, start + 100)))
    assert await ada.names("many") == {f"{number:04}.txt" for number in range(600)}


async def test_the_customer_sees_how_much_is_stored(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.bin", b"x" * 1000)
    url, token = f"{harness.url}/v1/sync/usage", harness.trust.headers(a_customer(ada.account), at=utc_now())
    async with harness.http.get(url, headers=token) as reply:
        usage = await reply.json()
    told = await ada.properties("", "quota-used-bytes", "quota-available-bytes")
    assert (usage["files"], usage["used_bytes"]) == (1, 1000) == (1, int(told["quota-used-bytes"]))
    assert usage["available_bytes"] == usage["quota_bytes"] - 1000 == int(told["quota-available-bytes"])


async def test_who_has_stored_nothing_sees_nothing_stored(harness: SyncHarness) -> None:
    token = harness.trust.headers(a_customer("acc_nobody"), at=utc_now())
    async with harness.http.get(f"{harness.url}/v1/sync/usage", headers=token) as reply:
        usage = await reply.json()
    assert (usage["files"], usage["used_bytes"]) == (0, 0)
    assert await harness.sync.trees.usages.get("acc_nobody") is None


def _patch(inside: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><propertyupdate xmlns="DAV:">{inside}</propertyupdate>'


async def test_a_folder_that_changed_is_never_listed_as_it_was(ada: DavClient) -> None:
    """The same question is answered from memory as long as the tree is the same, and no longer."""
    asked = '<propfind xmlns="DAV:"><prop><getetag/><getcontentlength/></prop></propfind>'

    async def listed(path: str = "") -> bytes:
        reply = await ada.ask("PROPFIND", path, {"Depth": "1"}, asked)
        assert reply.status == 207
        return reply.body

    await ada.mkcol("folder")
    await ada.put("folder/a.txt", b"one")
    first = await listed("folder")
    assert await listed("folder") == first
    seen = {first}
    for change in (
        ada.put("folder/a.txt", b"two"),
        ada.put("folder/b.txt", b"new"),
        ada.move("folder/b.txt", "folder/c.txt"),
        ada.delete("folder/c.txt"),
    ):
        assert (await change).status in (201, 204)
        now = await listed("folder")
        assert now not in seen
        seen.add(now)
    outside = await listed()
    await ada.put("folder/d.txt", b"inside")
    assert await listed() != outside, "the folder inside has another tag"
    assert (await ada.ask("PROPFIND", "folder", {"Depth": "1", "If-Match": '"no"'}, asked)).status == 412

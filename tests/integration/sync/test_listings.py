"""A cached listing of a folder equals a fresh one, whatever has changed in between."""

import pytest

from tests.integration.sync.harness import DavClient, SyncHarness

NAMES = ("getetag", "getlastmodified", "getcontentlength", "resourcetype", "displayname")
COUNTERS = ("quota-used-bytes", "quota-available-bytes")
DESCRIBED = '<propertyupdate xmlns="DAV:"><set><prop><a xmlns="urn:x">b</a></prop></set></propertyupdate>'


def _asking(*names: str) -> str:
    wanted = "".join(f"<{name}/>" for name in names)
    return f'<propfind xmlns="DAV:"><prop>{wanted}<a xmlns="urn:x"/></prop></propfind>'


async def _told(ada: DavClient, *names: str) -> bytes:
    reply = await ada.ask("PROPFIND", "box", {"Depth": "1"}, _asking(*names))
    assert reply.status == 207
    return reply.body


@pytest.fixture
async def box(ada: DavClient) -> DavClient:
    """A device whose tree has a folder with a file and a folder in it."""
    for folder in ("box", "box/inner", "elsewhere"):
        await ada.mkcol(folder)
    for file in ("box/a.txt", "box/inner/deep.txt", "elsewhere/b.txt"):
        await ada.put(file, b"first")
    return ada


@pytest.mark.parametrize(
    ("method", "path", "to", "body"),
    [
        ("PUT", "box/new.txt", "", b"new"),
        ("PUT", "box/a.txt", "", b"second"),
        ("PUT", "box/inner/new.txt", "", b"new"),
        ("DELETE", "box/a.txt", "", None),
        ("DELETE", "box/inner", "", None),
        ("MKCOL", "box/more", "", None),
        ("MOVE", "box/a.txt", "box/z.txt", None),
        ("MOVE", "box/a.txt", "elsewhere/a.txt", None),
        ("MOVE", "elsewhere/b.txt", "box/a.txt", None),
        ("MOVE", "elsewhere", "box", None),
        ("COPY", "elsewhere/b.txt", "box/b.txt", None),
        ("COPY", "elsewhere", "box", None),
        ("PROPPATCH", "box/a.txt", "", DESCRIBED),
        ("PROPPATCH", "box", "", DESCRIBED),
    ],
)
async def test_every_change_of_a_folder_is_told(
    box: DavClient, harness: SyncHarness, method: str, path: str, to: str, body: bytes | str | None
) -> None:
    before = await _told(box, *NAMES)
    headers = {"Destination": box.public(to)} if to else {}
    assert (await box.ask(method, path, headers, body)).status in {201, 204, 207}
    after = await _told(box, *NAMES)
    assert after != before
    harness.sync.webdav.propfind_cache._entries.clear()
    assert await _told(box, *NAMES) == after


async def test_what_changes_elsewhere_is_no_reason_to_tell_the_folder_anew(
    box: DavClient, harness: SyncHarness
) -> None:
    harness.sync.webdav.propfind_cache._entries.clear()
    told = await _told(box, *NAMES)
    (kept,) = harness.sync.webdav.propfind_cache._entries.values()
    await box.put("elsewhere/b.txt", b"second")
    assert await _told(box, *NAMES) == told
    assert next(iter(harness.sync.webdav.propfind_cache._entries.values())) is kept


async def test_counters_are_told_as_they_are_now(box: DavClient) -> None:
    before = await _told(box, *COUNTERS)
    await box.put("elsewhere/c.txt", b"12345678")
    assert await _told(box, *COUNTERS) != before

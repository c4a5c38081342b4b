"""Two processes serve one account: what one has in memory never hides what the other has written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.integration.sync.harness import DavClient, SyncHarness, serving


@pytest.fixture(scope="module")
async def other(harness: SyncHarness) -> AsyncIterator[SyncHarness]:
    """Another process on the same database and disk, with memory of its own."""
    async with serving(harness.chassis, harness.settings, harness.folder) as opened:
        opened.devices.known = harness.devices.known
        yield opened


@pytest.fixture
def there(ada: DavClient, other: SyncHarness) -> DavClient:
    """Ada's device, which speaks to the other process."""
    return replace(ada, url=other.url, http=other.http)


async def test_each_sees_at_once_what_the_other_has_written(ada: DavClient, there: DavClient) -> None:
    await ada.mkcol("box")
    for number in range(5):
        await ada.put("box/a.txt", b"%d" % number)
        assert (await there.get("box/a.txt")).body == b"%d" % number
        await there.put(f"box/{number}.txt", b"there")
        assert await ada.names("box") == {"a.txt", *(f"{n}.txt" for n in range(number + 1))}
    await there.move("box", "moved")
    assert (await ada.get("box/a.txt")).status == 404
    assert (await ada.get("moved/a.txt")).body == b"4"
    await ada.delete("moved")
    assert await there.names() == set()


async def test_of_those_who_create_at_once_in_both_one_wins(ada: DavClient, there: DavClient) -> None:
    new = {"If-None-Match": "*"}
    for number in range(5):
        puts = [who.put(f"{number}.txt", b"x", new) for who in (ada, there, ada, there)]
        assert sorted(reply.status for reply in await asyncio.gather(*puts)) == [201, 412, 412, 412]


async def test_no_write_of_either_is_lost(ada: DavClient, there: DavClient, harness: SyncHarness) -> None:
    writes = [who.put(f"{name}{number}.txt", b"x") for number in range(20) for name, who in (("a", ada), ("b", there))]
    replies = await asyncio.gather(*writes)
    assert {reply.status for reply in replies} == {201}
    assert len({reply.headers["ETag"] for reply in replies}) == 40
    assert len(await ada.names()) == len(await there.names()) == 40
    assert await harness.usage(ada) == (40, 40)


async def test_a_lock_taken_in_one_holds_in_the_other(ada: DavClient, there: DavClient) -> None:
    await ada.put("a.txt", b"")
    token = await ada.lock("a.txt")
    assert (await there.put("a.txt", b"x")).status == 423
    assert (await there.put("a.txt", b"x", {"If": f"(<{token}>)"})).status == 204

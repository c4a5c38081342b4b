"""A write is whole, or it did not happen; nothing is lost, nothing is overwritten by accident."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator

from services.sync.domain.operation import DavOperation
from services.sync.service.tree.writer import RESERVATION_TTL
from services.sync.store.documents import ContentDocument, NodeDocument
from shared.ids import new_id
from tests.integration.sync.harness import MIB, DavClient, SyncHarness
from tests.support.fake_services import until


async def test_what_is_put_is_read_back(ada: DavClient) -> None:
    made = await ada.put("notes.txt", b"hello")
    read = await ada.get("notes.txt")
    assert (made.status, read.status, read.body) == (201, 200, b"hello")
    assert made.headers["ETag"] == read.headers["ETag"] == await ada.etag("notes.txt")


async def test_a_large_file_is_read_back_and_lies_sealed(ada: DavClient, harness: SyncHarness) -> None:
    content = random.Random(1).randbytes(9 * MIB + 7)
    await ada.put("large.bin", content)
    assert (await ada.get("large.bin")).body == content
    needle = content[:64]
    assert all(needle not in path.read_bytes() for path in (harness.folder / "blobs").rglob("*") if path.is_file())


async def test_names_and_small_contents_lie_sealed(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a telling name.txt", b"a telling content")
    rows = [
        *await harness.chassis.db.get_collection(NodeDocument).list({"account": ada.account}),
        *await harness.chassis.db.get_collection(ContentDocument).list({"account": ada.account}),
    ]
    assert rows
    assert not any(b"telling" in repr(row).encode() for row in rows)


async def test_every_write_has_an_etag_of_its_own_also_fifty_in_a_second(ada: DavClient) -> None:
    replies = [await ada.put("same.txt", b"0123456789") for _ in range(50)]
    assert len({reply.headers["ETag"] for reply in replies}) == 50


async def test_a_stale_etag_changes_nothing(ada: DavClient) -> None:
    first = await ada.put("draft.txt", b"one")
    await ada.put("draft.txt", b"two")
    stale = {"If-Match": first.headers["ETag"]}
    refused = [
        await ada.put("draft.txt", b"three", stale),
        await ada.delete("draft.txt", stale),
        await ada.move("draft.txt", "other.txt", stale),
        await ada.copy("draft.txt", "other.txt", stale),
        await ada.ask("PROPFIND", "draft.txt", {"Depth": "0", **stale}),
        await ada.get("draft.txt", stale),
    ]
    assert [reply.status for reply in refused] == [412] * 6
    assert (await ada.get("draft.txt")).body == b"two"
    assert await ada.names() == {"draft.txt"}


async def test_of_eight_who_create_at_once_one_wins(ada: DavClient) -> None:
    new = {"If-None-Match": "*"}
    replies = await asyncio.gather(*(ada.put("one.txt", b"%d" % number, new) for number in range(8)))
    winners = [number for number, reply in enumerate(replies) if reply.status == 201]
    assert len(winners) == 1
    assert sorted(reply.status for reply in replies) == [201] + [412] * 7
    assert (await ada.get("one.txt")).body == b"%d" % winners[0]


async def test_of_eight_who_replace_one_version_one_wins(ada: DavClient) -> None:
    base = {"If-Match": (await ada.put("one.txt", b"base")).headers["ETag"]}
    replies = await asyncio.gather(*(ada.put("one.txt", b"%d" % number, base) for number in range(8)))
    assert sorted(reply.status for reply in replies) == [204] + [412] * 7


async def test_many_writes_at_once_are_all_there(ada: DavClient, harness: SyncHarness) -> None:
    replies = await asyncio.gather(*(ada.put(f"{number}.txt", b"x" * number) for number in range(100)))
    assert {reply.status for reply in replies} == {201}
    assert len(await ada.names()) == 100
    assert await harness.usage(ada) == (100, sum(range(100)))


async def test_an_upload_that_breaks_off_leaves_the_old_file(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("book.bin", b"old")
    await harness.collect()
    before = harness.blobs()
    for framing in (b"Content-Length: 3000000", b"Transfer-Encoding: chunked"):
        await _begin_and_go(harness, ada, "book.bin", framing)
    assert (await ada.get("book.bin")).body == b"old"
    await until(lambda: harness.has_no_room_reserved(ada))
    await harness.collect()
    assert harness.blobs() == before


async def test_an_upload_that_a_crash_cut_off_gives_its_room_back_when_its_time_is_over(
    ada: DavClient, harness: SyncHarness
) -> None:
    await harness.collect()
    before, uploads = harness.blobs(), harness.sync.webdav.uploads
    act = DavOperation(device=harness.devices.known[ada.username, ada.password], path=("cut.bin",))
    begun = await uploads.writer.reserve_upload(act, new_id("cnt"), 5 * MIB)
    await uploads.blobs.write(begun.content, _pieces())
    assert not await harness.has_no_room_reserved(ada)
    await harness.collect()
    assert harness.blobs() == before + 1, "it may still be under way"
    await harness.collect(later=RESERVATION_TTL)
    assert await harness.has_no_room_reserved(ada)
    assert harness.blobs() == before


async def _pieces() -> AsyncIterator[bytes]:
    yield b"sealed"


async def test_a_small_upload_that_breaks_off_leaves_nothing(ada: DavClient, harness: SyncHarness) -> None:
    await _begin_and_go(harness, ada, "new.txt", b"Content-Length: 60000", size=20_000)
    await _begin_and_go(harness, ada, "new.txt", b"Transfer-Encoding: chunked", size=20_000)
    assert (await ada.get("new.txt")).status == 404


async def test_a_chunked_upload_is_stored_whole(ada: DavClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(40):
            yield b"%02d" % number * 20_000

    made = await ada.ask("PUT", "chunked.bin", {"X-Expected-Entity-Length": "1600000"}, pieces())
    assert made.status == 201
    assert len((await ada.get("chunked.bin")).body) == 1_600_000


async def test_an_upload_shorter_than_announced_is_refused(ada: DavClient) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size

    for size in (5, 3 * MIB):
        announced = {"X-Expected-Entity-Length": str(4 * MIB)}
        refused = await ada.ask("PUT", "finder.txt", announced, pieces(size))
        assert (refused.status, refused.code) == (400, "sync.upload.incomplete")
    assert await ada.names() == set()


async def test_compressed_bytes_stay_as_they_came(ada: DavClient) -> None:
    packed = bytes.fromhex("1f8b0800000000000003cb48cdc9c9070086a6103605000000")
    await ada.put("packed.gz", packed, {"Content-Encoding": "gzip"})
    read = await ada.get("packed.gz")
    assert read.body == packed
    assert "Content-Encoding" not in read.headers


async def test_a_body_is_asked_for_only_when_it_is_wanted(ada: DavClient, harness: SyncHarness) -> None:
    refused = await _expecting(harness, ada, "no/such/folder.txt")
    assert refused.startswith(b"HTTP/1.1 409")
    asked = await _expecting(harness, ada, "wanted.txt")
    assert asked.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201")


async def test_equal_files_of_one_account_are_stored_once(ada: DavClient, harness: SyncHarness) -> None:
    await harness.collect()
    before, content = harness.blobs(), b"\x07" * (MIB + 5)
    for name in ("one.bin", "two.bin", "three.bin"):
        await ada.put(name, content)
    bob = harness.device()
    await bob.put("mine.bin", content)
    await harness.collect()
    assert harness.blobs() - before == 2
    await ada.delete("one.bin")
    await harness.collect()
    assert (await ada.get("three.bin")).body == content
    assert await harness.usage(ada) == (2, 2 * len(content))


async def test_a_file_that_is_being_read_is_read_to_its_end(ada: DavClient) -> None:
    content = b"\x01" * (4 * MIB)
    await ada.put("film.bin", content)
    async with ada.http.get(ada.url + ada.path("film.bin"), headers=ada.authorization) as reply:
        head = await reply.content.readexactly(1000)
        await ada.put("film.bin", b"\x02" * (2 * MIB))
        await ada.delete("film.bin")
        rest = await reply.content.read()
    assert head + rest == content


def _credentials(ada: DavClient) -> bytes:
    return base64.b64encode(f"{ada.username}:{ada.password}".encode())


async def _connected(harness: SyncHarness) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = harness.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def _begin_and_go(
    harness: SyncHarness, ada: DavClient, path: str, framing: bytes, *, size: int = 1_000_000
) -> None:
    """Begin an upload and break the connection off before its end."""
    _, writer = await _connected(harness)
    head = [b"PUT %s HTTP/1.1" % ada.path(path).encode(), b"Host: x", b"Authorization: Basic " + _credentials(ada)]
    writer.write(b"\r\n".join([*head, framing, b"", b""]))
    piece = b"n" * size
    writer.write(b"%x\r\n%s\r\n" % (size, piece) if b"chunked" in framing else piece)
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.1)


async def _expecting(harness: SyncHarness, ada: DavClient, path: str) -> bytes:
    """Announce a body and send it when it is asked for; return all that the server says."""
    reader, writer = await _connected(harness)
    head = [b"PUT %s HTTP/1.1" % ada.path(path).encode(), b"Host: x", b"Authorization: Basic " + _credentials(ada)]
    writer.write(b"\r\n".join([*head, b"Content-Length: 5", b"Expect: 100-continue", b"", b""]))
    said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    if said.startswith(b"HTTP/1.1 100"):
        writer.write(b"hello")
        said += await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    return said

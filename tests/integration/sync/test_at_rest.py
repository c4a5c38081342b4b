"""Everything lies sealed, and the probe of C20 sees what does not."""

from collections.abc import AsyncIterator

import pytest

from services.sync.store.documents import ContentDocument, NodeDocument
from shared.policy import PromiseState
from tests.integration.sync.harness import MIB, DavClient, SyncHarness, open_harness
from tests.support import RawWriter


@pytest.fixture(scope="module", params=["folder", "gridfs"])
async def harness(
    request: pytest.FixtureRequest,
    mongo_url: str,
    amqp_url: str,
    planter: RawWriter,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SyncHarness]:
    """A harness of its own: what other tests have planted is not looked at here."""
    folder = tmp_path_factory.mktemp("sync")
    async with open_harness(folder, mongo_url=mongo_url, amqp_url=amqp_url, blobs=request.param) as opened:
        yield opened
    await planter.drop_database(opened.chassis.db.name)


@pytest.fixture
async def full(ada: DavClient, harness: SyncHarness) -> AsyncIterator[DavClient]:
    """A device whose tree has something of everything: what is sealed differently, or not at all."""
    await ada.mkcol("box")
    await ada.put("box/empty.txt")
    await ada.put("box/small.txt", b"small")
    await ada.put("box/large.bin", bytes(range(256)) * 400)
    await ada.put("larger.bin", b"x" * (2 * MIB + 5))
    described = '<propertyupdate xmlns="DAV:"><set><prop><a xmlns="urn:x">b</a></prop></set></propertyupdate>'
    assert (await ada.ask("PROPPATCH", "box/small.txt", body=described)).status == 207
    yield ada
    for document in (NodeDocument, ContentDocument):
        await harness.chassis.db.get_collection(document).delete_many({})


async def _finding(harness: SyncHarness) -> tuple[PromiseState, str]:
    found = await harness.sync.probes.files_are_sealed()
    return found.state, found.evidence


async def test_C20_what_lies_sealed_is_kept(full: DavClient, harness: SyncHarness) -> None:
    assert await _finding(harness) == (PromiseState.KEPT, "10 random names and contents are sealed")


async def test_C20_where_nothing_is_stored_nothing_is_broken(harness: SyncHarness) -> None:
    assert await _finding(harness) == (PromiseState.KEPT, "0 random names and contents are sealed")


@pytest.mark.parametrize(
    "plain",
    [{"name": b"small.txt"}, {"properties": b"<a/>"}, {"name_key": "small.txt"}],
    ids=lambda plain: next(iter(plain)),
)
async def test_C20_the_probe_sees_what_names_a_node_in_plain(
    full: DavClient, harness: SyncHarness, plain: dict[str, object]
) -> None:
    rows = harness.chassis.db.get_collection(NodeDocument)
    node = next(row.id for row in await rows.list({}) if row.properties)
    await rows.update_one({"_id": node}, {"$set": plain})
    assert await _finding(harness) == (PromiseState.BROKEN, f"1 names or contents are not sealed: {node}")


async def test_C20_the_probe_sees_a_small_content_in_plain(full: DavClient, harness: SyncHarness) -> None:
    rows = harness.chassis.db.get_collection(ContentDocument)
    content = next(row.id for row in await rows.list({}) if row.size == 5)
    await rows.update_one({"_id": content}, {"$set": {"inline": b"small"}})
    assert await _finding(harness) == (PromiseState.BROKEN, f"1 names or contents are not sealed: {content}")


async def test_C20_the_probe_sees_a_large_content_in_plain(full: DavClient, harness: SyncHarness) -> None:
    async def plain() -> AsyncIterator[bytes]:
        yield b"x" * (2 * MIB + 5)

    rows, blobs = harness.chassis.db.get_collection(ContentDocument), harness.sync.webdav.uploads.blobs
    content = next(row.id for row in await rows.list({}) if row.size > 2 * MIB)
    await blobs.delete(content)
    await blobs.write(content, plain())
    assert await _finding(harness) == (PromiseState.BROKEN, f"1 names or contents are not sealed: {content}")


async def test_C20_what_is_sealed_for_somebody_else_is_not_in_its_place(full: DavClient, harness: SyncHarness) -> None:
    bob = harness.device()
    await bob.put("bobs.txt", b"bob")
    rows = harness.chassis.db.get_collection(ContentDocument)
    (row,) = await rows.list({"account": bob.account})
    await rows.update_one({"_id": row.id}, {"$set": {"account": full.account}})
    assert await _finding(harness) == (PromiseState.BROKEN, f"1 names or contents are not sealed: {row.id}")


async def test_C20_what_is_destroyed_while_it_is_looked_at_is_no_breach(full: DavClient, harness: SyncHarness) -> None:
    probes = harness.sync.probes
    sampled = await probes.samples.sample_contents(10)
    await full.delete("larger.bin")
    await harness.collect()
    (gone,) = [content for content, seal in sampled if not await probes._is_sealed(content, seal)]
    assert not await probes._is_used(gone)

"""Everything lies sealed, and the probe of C20 sees what does not."""

from collections.abc import AsyncIterator

import pytest

from services.sync.store.documents import ContentRow, NodeRow
from shared.policy import State
from tests.integration.sync.house import MIB, DavClient, House, a_house
from tests.support import Planter


@pytest.fixture(scope="module", params=["folder", "gridfs"])
async def house(
    request: pytest.FixtureRequest,
    mongo_url: str,
    amqp_url: str,
    planter: Planter,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    """A house of its own: what other tests have planted is not looked at here."""
    folder = tmp_path_factory.mktemp("sync")
    async with a_house(folder, mongo_url=mongo_url, amqp_url=amqp_url, blobs=request.param) as opened:
        yield opened
    await planter.drop(opened.chassis.db.name)


@pytest.fixture
async def full(ada: DavClient, house: House) -> AsyncIterator[DavClient]:
    """A device whose tree has something of everything: what is sealed differently, or not at all."""
    await ada.mkcol("box")
    await ada.put("box/empty.txt")
    await ada.put("box/small.txt", b"small")
    await ada.put("box/large.bin", bytes(range(256)) * 400)
    await ada.put("larger.bin", b"x" * (2 * MIB + 5))
    described = '<propertyupdate xmlns="DAV:"><set><prop><a xmlns="urn:x">b</a></prop></set></propertyupdate>'
    assert (await ada.ask("PROPPATCH", "box/small.txt", body=described)).status == 207
    yield ada
    for document in (NodeRow, ContentRow):
        await house.chassis.db.collection(document).delete({})


async def _finding(house: House) -> tuple[State, str]:
    found = await house.sync.probes.files_are_sealed()
    return found.state, found.evidence


async def test_C20_what_lies_sealed_is_kept(full: DavClient, house: House) -> None:
    assert await _finding(house) == (State.KEPT, "10 names and contents, taken at random, are sealed")


async def test_C20_where_nothing_is_stored_nothing_is_broken(house: House) -> None:
    assert await _finding(house) == (State.KEPT, "0 names and contents, taken at random, are sealed")


@pytest.mark.parametrize(
    "plain",
    [{"name": b"small.txt"}, {"properties": b"<a/>"}, {"name_key": "small.txt"}],
    ids=lambda plain: next(iter(plain)),
)
async def test_C20_the_probe_sees_what_names_a_node_in_plain(
    full: DavClient, house: House, plain: dict[str, object]
) -> None:
    rows = house.chassis.db.collection(NodeRow)
    node = next(row.id for row in await rows.list({}) if row.properties)
    await rows.update({"_id": node}, {"$set": plain})
    assert await _finding(house) == (State.BROKEN, f"1 names or contents are not sealed: {node}")


async def test_C20_the_probe_sees_a_small_content_in_plain(full: DavClient, house: House) -> None:
    rows = house.chassis.db.collection(ContentRow)
    content = next(row.id for row in await rows.list({}) if row.size == 5)
    await rows.update({"_id": content}, {"$set": {"inline": b"small"}})
    assert await _finding(house) == (State.BROKEN, f"1 names or contents are not sealed: {content}")


async def test_C20_the_probe_sees_a_large_content_in_plain(full: DavClient, house: House) -> None:
    async def plain() -> AsyncIterator[bytes]:
        yield b"x" * (2 * MIB + 5)

    rows, blobs = house.chassis.db.collection(ContentRow), house.sync.webdav.uploads.blobs
    content = next(row.id for row in await rows.list({}) if row.size > 2 * MIB)
    await blobs.delete(content)
    await blobs.write(content, plain())
    assert await _finding(house) == (State.BROKEN, f"1 names or contents are not sealed: {content}")


async def test_C20_what_is_sealed_for_somebody_else_is_not_in_its_place(full: DavClient, house: House) -> None:
    bob = house.device()
    await bob.put("bobs.txt", b"bob")
    rows = house.chassis.db.collection(ContentRow)
    (row,) = await rows.list({"account": bob.account})
    await rows.update({"_id": row.id}, {"$set": {"account": full.account}})
    assert await _finding(house) == (State.BROKEN, f"1 names or contents are not sealed: {row.id}")


async def test_C20_what_is_destroyed_while_it_is_looked_at_is_no_breach(full: DavClient, house: House) -> None:
    probes = house.sync.probes
    sampled = await probes.samples.contents(10)
    await full.delete("larger.bin")
    await house.collect()
    (gone,) = [content for content, seal in sampled if not await probes._is_sealed(content, seal)]
    assert not await probes._is_used(gone)

"""Folders are made, copied, moved and deleted whole; the counters follow."""

import asyncio
import unicodedata

import pytest

from services.sync.store.documents import ContentDocument, NodeDocument
from tests.integration.sync.harness import MIB, DavClient, SyncHarness


async def _a_tree(ada: DavClient, root: str = "work") -> None:
    for folder in (root, f"{root}/2026", f"{root}/2026/empty"):
        assert (await ada.mkcol(folder)).status == 201
    await ada.put(f"{root}/plan.txt", b"plan")
    await ada.put(f"{root}/2026/report.txt", b"report")
    await ada.put(f"{root}/2026/film.bin", b"f" * (MIB + 1))


async def test_moving_a_folder_changes_three_nodes_whatever_it_holds(ada: DavClient, harness: SyncHarness) -> None:
    await _a_tree(ada)
    before = await _rows(ada, harness)
    assert (await ada.move("work", "done")).status == 201
    after = await _rows(ada, harness)
    # The folder itself, and the folder that it left and came to (here the same).
    assert sum(after[node] != row for node, row in before.items()) == 2
    assert (await ada.get("done/2026/report.txt")).body == b"report"
    assert (await ada.get("work/plan.txt")).status == 404


async def _rows(ada: DavClient, harness: SyncHarness) -> dict[str, NodeDocument]:
    rows = await harness.chassis.db.get_collection(NodeDocument).list({"account": ada.account})
    return {row.id: row for row in rows}


async def test_a_file_keeps_its_etag_when_its_folder_moves(ada: DavClient) -> None:
    await _a_tree(ada)
    before = await ada.etag("work/2026/report.txt")
    await ada.move("work", "done")
    assert await ada.etag("done/2026/report.txt") == before


async def test_the_etag_of_a_folder_changes_with_its_members(ada: DavClient) -> None:
    await ada.mkcol("inbox")
    seen = [await ada.etag("inbox")]
    for change in (
        ada.put("inbox/a", b"1"),
        ada.put("inbox/a", b"2"),
        ada.copy("inbox/a", "inbox/b"),
        ada.move("inbox/b", "inbox/c"),
        ada.move("inbox/c", "elsewhere"),
        ada.mkcol("inbox/d"),
        ada.delete("inbox/d"),
    ):
        assert (await change).status in (201, 204)
        seen.append(await ada.etag("inbox"))
    assert len(set(seen)) == len(seen)


async def test_a_stale_etag_of_a_folder_in_a_tagged_list_stops_the_move_onto_it(ada: DavClient) -> None:
    await ada.mkcol("new")
    await ada.mkcol("old")
    etag = await ada.etag("old")
    await ada.put("old/late.txt", b"from another device")
    onto = {"Overwrite": "T", "If": f"<{ada.public('old')}> ([{etag}])"}
    assert (await ada.move("new", "old", onto)).status == 412
    onto["If"] = f"<{ada.public('old')}> ([{await ada.etag('old')}])"
    assert (await ada.move("new", "old", onto)).status == 204
    assert await ada.names() == {"old/"}


async def test_a_copy_shares_contents_and_counts_in_full(ada: DavClient, harness: SyncHarness) -> None:
    await _a_tree(ada)
    before, blobs = await harness.usage(ada), harness.blobs()
    assert (await ada.copy("work", "copy")).status == 201
    assert await harness.usage(ada) == (2 * before[0], 2 * before[1])
    assert harness.blobs() == blobs
    await ada.delete("work")
    await harness.collect()
    assert (await ada.get("copy/2026/film.bin")).body == b"f" * (MIB + 1)
    assert await harness.usage(ada) == before


async def test_a_copy_outlives_its_original_however_small(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"shared")
    await ada.copy("a.txt", "b.txt")
    await ada.copy("a.txt", "c.txt")
    await ada.put("a.txt", b"changed")
    await ada.delete("b.txt")
    assert (await ada.get("c.txt")).body == b"shared"
    await ada.delete("c.txt")
    assert await harness.chassis.db.get_collection(ContentDocument).count_documents({"account": ada.account}) == 1


async def test_a_copy_without_depth_is_an_empty_folder(ada: DavClient) -> None:
    await _a_tree(ada)
    assert (await ada.copy("work", "shell", {"Depth": "0"})).status == 201
    assert await ada.names("shell") == set()


async def test_overwriting_by_copy_and_move_says_204_and_forgets_the_old(ada: DavClient, harness: SyncHarness) -> None:
    await _a_tree(ada)
    await ada.put("a.txt", b"a")
    assert (await ada.copy("a.txt", "work")).status == 204
    assert (await ada.get("work")).body == b"a"
    await harness.collect()
    assert await harness.usage(ada) == (2, 2)


async def test_overwrite_f_is_412_and_changes_nothing(ada: DavClient) -> None:
    await _a_tree(ada)
    await ada.put("a.txt", b"a")
    for method in (ada.copy, ada.move):
        assert (await method("a.txt", "work", {"Overwrite": "F"})).status == 412
    assert await ada.names() == {"work/", "a.txt"}


async def test_a_missing_folder_at_the_destination_is_409(ada: DavClient) -> None:
    await _a_tree(ada)
    replies = [await ada.move("work/plan.txt", "no/such/plan.txt"), await ada.move("work", "no/such/folder")]
    replies += [await ada.copy("work", "no/such/folder"), await ada.put("no/file", b"")]
    assert [reply.status for reply in replies] == [409] * 4


async def test_nothing_goes_into_itself(ada: DavClient) -> None:
    await _a_tree(ada)
    replies = [
        await ada.move("work", "work/2026/work"),
        await ada.copy("work", "work/copy"),
        await ada.move("work/2026", "work"),
        await ada.copy("work/plan.txt", "work/plan.txt"),
        await ada.move("", "elsewhere"),
        await ada.delete(""),
    ]
    assert [reply.status for reply in replies] == [403, 403, 403, 403, 403, 405]
    assert await ada.names("work") == {"plan.txt", "2026/"}


async def test_a_deleted_folder_gives_all_its_room_back(ada: DavClient, harness: SyncHarness) -> None:
    await harness.collect()
    before = harness.blobs()
    await _a_tree(ada)
    assert (await ada.delete("work")).status == 204
    assert await ada.names() == set()
    await harness.collect()
    assert await harness.usage(ada) == (0, 0)
    assert harness.blobs() == before
    rows = await _rows(ada, harness)
    assert len(rows) == 1, "the top folder stays"


async def test_what_was_deleted_can_be_made_anew_at_once(ada: DavClient) -> None:
    await _a_tree(ada)
    await ada.delete("work")
    await _a_tree(ada)
    assert await ada.names("work") == {"plan.txt", "2026/"}


async def test_mkcol_refuses_what_is_there_what_has_no_parent_and_a_body(ada: DavClient) -> None:
    await ada.mkcol("here")
    replies = [
        await ada.mkcol("here"),
        await ada.mkcol("a/b"),
        await ada.ask("MKCOL", "new", {"Content-Type": "text/xml"}, b"<x/>"),
    ]
    assert [reply.status for reply in replies] == [405, 409, 415]


async def test_names_that_look_the_same_do_not_stand_side_by_side(ada: DavClient) -> None:
    nfc, nfd = (unicodedata.normalize(form, "café.txt") for form in ("NFC", "NFD"))
    await ada.put(nfc, b"one")
    refused = await ada.put(nfd, b"two")
    assert (refused.status, refused.code) == (409, "sync.name.normalization_conflict")
    assert (await ada.get(nfc)).body == b"one"
    assert (await ada.get(nfd)).status == 404


async def test_moves_in_a_circle_at_once_leave_a_tree(ada: DavClient, harness: SyncHarness) -> None:
    for name in "abc":
        await ada.mkcol(name)
        await ada.put(f"{name}/{name}.txt", name.encode())
    await asyncio.gather(*(ada.move(one, f"{two}/{one}") for one, two in ("ab", "bc", "ca")))
    found, folders = set(), [""]
    while folders:
        at = folders.pop()
        for name in await ada.names(at):
            path = f"{at}{name}"
            if path.endswith("/"):
                folders.append(path)
            else:
                found.add(name)
    assert found == {"a.txt", "b.txt", "c.txt"}
    assert await harness.usage(ada) == (3, 3)


_TITLED = (
    '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype>'
    "<D:displayname>Box</D:displayname></D:prop></D:set></D:mkcol>"
)
_XML = {"Content-Type": 'application/xml; charset="utf-8"'}


async def test_a_folder_is_made_with_its_properties(ada: DavClient) -> None:
    assert (await ada.ask("MKCOL", "box", _XML, _TITLED)).status == 201
    assert await ada.properties("box", "displayname") == {"displayname": "Box"}


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        (_XML, _TITLED.replace("<D:collection/>", '<D:collection/><x xmlns="urn:x"/>'), 403, b"valid-resourcetype"),
        (_XML, _TITLED.replace("<D:collection/>", ""), 403, b"valid-resourcetype"),
        (_XML, _TITLED.replace("displayname", "getetag"), 424, b"cannot-modify-protected-property"),
        (_XML, "<D:mkcol", 400, b"sync.xml.invalid"),
        (_XML, _TITLED.replace("D:mkcol", "D:other"), 415, b"sync.body.unsupported_media_type"),
        ({"Content-Type": "text/plain"}, _TITLED, 415, b"sync.body.unsupported_media_type"),
    ],
)
async def test_a_folder_that_cannot_be_as_asked_is_not_made(
    ada: DavClient, headers: dict[str, str], body: str, status: int, said: bytes
) -> None:
    reply = await ada.ask("MKCOL", "box", headers, body)
    assert reply.status == status, reply
    assert said in reply.body
    assert await ada.names() == set()

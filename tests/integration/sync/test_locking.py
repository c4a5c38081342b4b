"""Locks: only their creator gets past them, and no one else learns their tokens."""

from services.sync.store.documents import LockDocument
from shared.clock import utc_now
from tests.integration.sync.harness import DavClient, SyncHarness, lock_body


async def test_a_lock_keeps_everybody_else_out(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("shared.txt", b"v1")
    token = await ada.lock("shared.txt")
    other = harness.device(ada.username)
    attempts = [
        await other.put("shared.txt", b"theirs"),
        await other.delete("shared.txt"),
        await other.move("shared.txt", "moved.txt"),
        await other.ask("PROPPATCH", "shared.txt", body=_PATCH),
        await other.put("shared.txt", b"theirs", {"If": f"(<{token}>)"}),
        await ada.put("shared.txt", b"without the token"),
    ]
    assert [reply.status for reply in attempts] == [423, 423, 423, 423, 412, 423]
    assert not any(token.encode() in reply.body for reply in attempts)
    assert (await ada.put("shared.txt", b"v2", {"If": f"(<{token}>)"})).status == 204


async def test_a_refusal_names_the_root_of_the_lock_and_the_precondition(ada: DavClient) -> None:
    await ada.mkcol("box")
    await ada.lock("box")
    refused = await ada.put("box/new.txt", b"")
    assert refused.status == 423
    assert b"<D:lock-token-submitted><D:href>%s</D:href>" % ada.path("box").encode() in refused.body


async def test_the_token_is_shown_to_its_creator_alone(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"")
    token = (await ada.lock("a.txt")).encode()
    other = harness.device(ada.username)
    assert token in (await ada.ask("PROPFIND", "a.txt", {"Depth": "0"})).body
    shown = (await other.ask("PROPFIND", "a.txt", {"Depth": "0"})).body
    assert b"<D:activelock>" in shown
    assert token not in shown


async def test_only_the_creator_ends_a_lock(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"")
    header = {"Lock-Token": f"<{await ada.lock('a.txt')}>"}
    other = harness.device(ada.username)
    assert (await other.ask("UNLOCK", "a.txt", header)).status == 403
    assert (await ada.ask("UNLOCK", "a.txt", {"Lock-Token": "<urn:uuid:none>"})).status == 409
    assert (await ada.ask("UNLOCK", "a.txt", header)).status == 204
    assert (await other.put("a.txt", b"free")).status == 204


async def test_a_deep_lock_covers_what_comes_later(ada: DavClient) -> None:
    await ada.mkcol("box")
    token = await ada.lock("box")
    own = {"If": f"<{ada.public('box')}> (<{token}>)"}
    assert (await ada.put("box/new.txt", b"1")).status == 423
    assert (await ada.put("box/new.txt", b"1", own)).status == 201
    assert (await ada.put("box/new.txt", b"2")).status == 423


async def test_shared_locks_stand_together_and_keep_exclusive_ones_out(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"")
    other = harness.device(ada.username)
    assert await ada.lock("a.txt", scope="shared") != await other.lock("a.txt", scope="shared")
    refused = await ada.ask("LOCK", "a.txt", {}, lock_body())
    assert refused.status == 423
    assert b"no-conflicting-lock" in refused.body


async def test_a_folder_cannot_be_locked_over_anothers_lock_inside(ada: DavClient, harness: SyncHarness) -> None:
    await ada.mkcol("box")
    await ada.put("box/a.txt", b"")
    await harness.device(ada.username).lock("box/a.txt")
    assert (await ada.ask("LOCK", "box", {}, lock_body())).status == 423
    assert (await ada.delete("box")).status == 423
    assert (await ada.get("box/a.txt")).status == 200


async def test_what_moves_away_loses_its_lock(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"a")
    token = await ada.lock("a.txt")
    assert (await ada.move("a.txt", "b.txt", {"If": f"(<{token}>)"})).status == 201
    assert (await harness.device(ada.username).put("b.txt", b"free")).status == 204
    assert (await harness.sync.reader.get_usage(ada.account)).locks == 0


async def test_a_lock_makes_an_empty_file_where_nothing_is(ada: DavClient) -> None:
    await ada.lock("reserved.txt")
    assert (await ada.get("reserved.txt")).body == b""


async def test_a_lock_lasts_an_hour_at_most_and_can_be_refreshed(ada: DavClient) -> None:
    await ada.put("a.txt", b"")
    taken = await ada.ask("LOCK", "a.txt", {"Timeout": "Infinite, Second-4100000000"}, lock_body())
    assert b"<D:timeout>Second-3600</D:timeout>" in taken.body
    token = taken.headers["Lock-Token"].strip("<>")
    refreshed = await ada.ask("LOCK", "a.txt", {"Timeout": "Second-60", "If": f"(<{token}>)"})
    assert refreshed.status == 200
    assert b"<D:timeout>Second-60</D:timeout>" in refreshed.body
    assert "Lock-Token" not in refreshed.headers


async def test_a_lock_ends_by_itself(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"")
    token = await ada.lock("a.txt")
    await harness.chassis.db.get_collection(LockDocument).update_one(
        {"_id": token}, {"$set": {"expires_at": utc_now()}}
    )
    assert (await ada.put("a.txt", b"free")).status == 204
    assert (await harness.sync.reader.get_usage(ada.account)).locks == 0


async def test_the_owner_of_a_lock_is_shown_as_it_came_and_can_break_nothing(ada: DavClient) -> None:
    await ada.put("a.txt", b"")
    body = lock_body().replace("Ada", "&lt;/D:owner&gt; &amp; <x:b xmlns:x='urn:x'>b</x:b>")
    assert (await ada.ask("LOCK", "a.txt", {}, body)).status == 200
    told = await ada.properties("a.txt", "lockdiscovery")
    assert "</D:owner> & b" in told["lockdiscovery"]


_PATCH = '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'

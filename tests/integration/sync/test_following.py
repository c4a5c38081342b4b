"""Clients that follow a tree by sync tokens (RFC 6578): they know what the server has, and are told nothing else."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.sync.store.documents import AccountUsageDocument, TombstoneDocument
from shared.clock import utc_now
from tests.integration.sync.follower import Follower, listed, sync_body
from tests.integration.sync.harness import DavClient, SyncHarness, xpath
from tests.integration.sync.test_model import Model, done, steps


async def _report(ada: DavClient, path: str = "", token: str = "", **said: object) -> set[tuple[str, bool]]:
    """Return the addresses in a report, and whether each is there."""
    reply = await ada.ask("REPORT", path, {"Depth": "0"}, sync_body(token, **said))  # type: ignore[arg-type] # as sync_body has them
    assert reply.status == 207, reply
    told = xpath(reply.body, "/d:multistatus/d:response")
    own = ada.path(path).rstrip("/") + "/"
    return {
        (str(one.findtext("{DAV:}href")).removeprefix(own), "404" not in one.findtext("{DAV:}status", ""))
        for one in told
    }


async def _token(ada: DavClient, path: str = "") -> str:
    return (await ada.properties(path, "sync-token"))["sync-token"]


async def test_only_what_has_changed_is_told(ada: DavClient) -> None:
    await ada.mkcol("box")
    await ada.put("a", b"a")
    await ada.put("box/b", b"b")
    assert await _report(ada) == {("a", True), ("box/", True), ("box/b", True)}
    token = await _token(ada)
    assert await _report(ada, token=token) == set()
    await ada.put("box/b", b"more")
    await ada.delete("a")
    assert await _report(ada, token=token) == {("a", False), ("box/", True), ("box/b", True)}
    assert await _report(ada, token=token, level="1") == {("a", False), ("box/", True)}


async def test_a_folder_that_moved_takes_what_is_inside_along(ada: DavClient) -> None:
    await ada.mkcol("old")
    await ada.mkcol("old/deep")
    await ada.put("old/deep/a", b"a")
    token = await _token(ada)
    await ada.move("old", "new")
    assert await _report(ada, token=token) == {
        ("old", False),
        ("new/", True),
        ("new/deep/", True),
        ("new/deep/a", True),
    }


async def test_what_came_and_went_between_two_looks_is_at_most_told_as_gone(ada: DavClient) -> None:
    token = await _token(ada)
    await ada.put("temporary", b"x")
    await ada.move("temporary", "final")
    await ada.put("short", b"x")
    await ada.delete("short")
    told = await _report(ada, token=token)
    assert ("final", True) in told
    assert not {one for one in told if one[1]} - {("final", True)}


async def test_what_took_the_place_of_another_is_changed_and_not_gone(ada: DavClient) -> None:
    await ada.put("a", b"old")
    token = await _token(ada)
    await ada.delete("a")
    await ada.put("a", b"new")
    assert await _report(ada, token=token) == {("a", True)}


async def test_a_folder_in_anothers_place_asks_the_client_to_begin_anew(ada: DavClient) -> None:
    await ada.mkcol("box")
    await ada.put("box/old", b"x")
    await ada.mkcol("other")
    token, of_box = await _token(ada), await _token(ada, "box")
    await ada.move("other", "box")
    refused = await ada.ask("REPORT", "", {}, sync_body(token))
    assert (refused.status, b"<D:valid-sync-token>" in refused.body) == (403, True)
    assert (await ada.ask("REPORT", "box", {}, sync_body(of_box))).status == 403, (
        "the token of the folder that was here"
    )
    assert await _report(ada, token=token, level="1") == {("box/", True), ("other", False)}


async def test_a_long_answer_is_cut_and_goes_on(ada: DavClient) -> None:
    await ada.mkcol("box")
    for number in range(5):
        await ada.put(f"box/{number}", b"x")
    await ada.copy("box", "copied")
    follower = Follower(ada, limit=2)
    await follower.follow()
    assert follower.known == await listed(ada)
    assert follower.pages == 6
    await ada.move("box", "moved")
    await follower.follow()
    assert follower.known == await listed(ada)
    assert follower.restarts == 0


@pytest.mark.parametrize(
    "token",
    ["nonsense", "urn:x-candor:sync:", "urn:x-candor:sync:zz:0:0:", "urn:x-candor:sync:ffffff:ffffff:{}:", "é"],
)
async def test_a_token_that_was_not_given_is_refused(ada: DavClient, token: str) -> None:
    own = (await _token(ada)).split(":")[5]
    refused = await ada.ask("REPORT", "", {}, sync_body(token.format(own)))
    assert (refused.status, b"<D:valid-sync-token>" in refused.body) == (403, True)


async def test_a_token_of_another_account_tells_nothing(ada: DavClient, harness: SyncHarness) -> None:
    token = await _token(harness.device())
    assert (await ada.ask("REPORT", "", {}, sync_body(token))).status == 403


async def test_a_token_as_old_as_what_was_forgotten_is_refused(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a", b"a")
    old = await _token(ada)
    await ada.delete("a")
    young = await _token(ada)
    assert await harness.sync.sync_collection.prune_tombstones(before=utc_now() + timedelta(seconds=1)) >= 1
    tombstones = harness.chassis.db.get_collection(TombstoneDocument)
    assert await tombstones.count_documents({"account": ada.account}) == 0
    assert (await ada.ask("REPORT", "", {}, sync_body(old))).status == 403
    assert await _report(ada, token=young) == set()


async def test_only_so_much_is_remembered(
    ada: DavClient, harness: SyncHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.sync.service.tree.unit_of_work.MAX_TOMBSTONES", 10)
    monkeypatch.setattr("services.sync.service.tree.unit_of_work.PRUNE_INTERVAL", 5)
    await ada.put("a", b"a")
    old = await _token(ada)
    for number in range(40):
        await ada.move("a" if number % 2 == 0 else "b", "b" if number % 2 == 0 else "a")
    assert await harness.chassis.db.get_collection(TombstoneDocument).count_documents({"account": ada.account}) <= 16
    assert (await ada.ask("REPORT", "", {}, sync_body(old))).status == 403


async def test_nothing_is_noted_where_nobody_follows(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a", b"a")
    await ada.move("a", "b")
    db = harness.chassis.db
    assert await db.get_collection(TombstoneDocument).count_documents({"account": ada.account}) == 0
    space = await db.get_collection(AccountUsageDocument).get(ada.account)
    assert space is not None
    assert space.tracked_since_rev is None


async def test_what_left_is_noted_without_its_name(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("secret-plan.txt", b"a")
    await _token(ada)
    await ada.delete("secret-plan.txt")
    (row,) = await harness.chassis.db.get_collection(TombstoneDocument).list({"account": ada.account})
    assert b"secret-plan" not in row.name


async def test_an_if_with_a_sync_token_holds_as_long_as_nothing_has_changed(ada: DavClient) -> None:
    condition = {"If": f"<{ada.public('')}> (<{await _token(ada)}>)"}
    large = b"L" * 300_000
    assert (await ada.put("a", large, condition)).status == 201
    assert (await ada.put("b", b"b", condition)).status == 412
    assert (await ada.delete("a", {"If": f"<{ada.public('')}> (<{await _token(ada)}>)"})).status == 204


async def test_the_report_is_offered_and_the_token_is_not_in_allprop(ada: DavClient) -> None:
    everything = (await ada.ask("PROPFIND", "", {"Depth": "0"})).body
    assert b"sync-token" not in everything
    assert b"supported-report-set" not in everything
    reply = await ada.ask("PROPFIND", "", {"Depth": "0"}, _REPORTS)
    assert xpath(reply.body, "//d:supported-report/d:report/d:sync-collection")
    assert "extended-mkcol" in (await ada.ask("OPTIONS", "")).headers["DAV"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        ({}, '<expand-property xmlns="DAV:"/>', 403, b"supported-report"),
        ({}, "", 400, b""),
        ({"Depth": "1"}, sync_body(), 400, b""),
        ({}, sync_body(level="2"), 400, b""),
        ({}, sync_body(limit=0), 507, b"number-of-matches-within-limits"),
        ({}, sync_body().replace("<sync-token></sync-token>", ""), 400, b""),
        ({}, sync_body().replace("<sync-level>infinite</sync-level>", ""), 400, b""),
        ({"Depth": "1"}, sync_body().replace("<sync-level>infinite</sync-level>", ""), 207, b"sync-token"),
        ({}, sync_body().replace("<prop>", "<limit><nresults>-1</nresults></limit><prop>"), 400, b""),
    ],
)
async def test_reports_that_make_no_sense(
    ada: DavClient, headers: dict[str, str], body: str, status: int, said: bytes
) -> None:
    reply = await ada.ask("REPORT", "", headers, body)
    assert reply.status == status, reply
    assert said in reply.body


async def test_a_file_is_not_followed(ada: DavClient) -> None:
    await ada.put("a", b"a")
    assert b"supported-report" in (await ada.ask("REPORT", "a", {}, sync_body())).body
    assert (await ada.ask("REPORT", "missing", {}, sync_body())).status == 404


async def test_locks_of_what_is_deep_inside_are_told(ada: DavClient) -> None:
    await ada.mkcol("box")
    await ada.mkcol("box/in")
    await ada.put("box/in/a", b"a")
    token = await ada.lock("box")
    reply = await ada.ask("REPORT", "", {}, sync_body(props="<lockdiscovery/>"))
    assert reply.body.count(token.encode()) == 3


async def _followed(harness: SyncHarness, script: list[tuple[tuple[object, ...], bool]], limit: int | None) -> int:
    ada, model = harness.device(), Model()
    whole, top = Follower(ada, limit=limit), Follower(ada, level="1", limit=limit)
    for step, look in script:
        await done(ada, model, step)
        if look:
            await whole.follow()
            assert whole.known == await listed(ada), script
            await top.follow()
            assert top.known == await listed(ada, deep=False), script
    assert top.restarts == 0
    return whole.restarts


@pytest.mark.timeout(300)
async def test_whoever_follows_the_tokens_knows_what_the_server_has(harness: SyncHarness) -> None:
    scripts: list[tuple[list[tuple[tuple[object, ...], bool]], int | None]] = []

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(st.tuples(steps, st.sampled_from((True, False, False))), min_size=10, max_size=25),
        st.sampled_from((None, 1, 3)),
    )
    def collect(script: list[tuple[tuple[object, ...], bool]], limit: int | None) -> None:
        scripts.append(([*script, (("put", ("a",), b""), True)], limit))

    collect()
    for script, limit in scripts:
        await _followed(harness, script, limit)


_REPORTS = '<propfind xmlns="DAV:"><prop><supported-report-set/></prop></propfind>'

"""The page of files: how much is stored, where devices find it, what comes back from a backup and how far it is."""

import pytest

from tests.integration.portal.browser import Browser, Page
from tests.integration.portal.edge import FakeEdge
from tests.integration.portal.edge.answers import THEN
from tests.integration.portal.edge.files import BACKUP, a_restore

FORM = "/account/files/restores"
WANTED = {"backup_id": BACKUP, "path": "holiday"}


def _looks_again(page: Page) -> bool:
    return bool(page.tree.xpath("//meta[@http-equiv='refresh']"))


def _begun(edge: FakeEdge, **what: object) -> None:
    edge.restores["rst_1"] = {**a_restore("rst_1", WANTED), **what}


async def test_usage_address_and_backups_stand_on_the_page(ada: Browser) -> None:
    page = await ada.get("/account/files")
    for shown in ("3.1 MB of 10.0 GB", "42 files", "/sync/", "4 January 2027, 12:00 UTC", "4 January 2028"):
        assert shown in page.text
    assert not _looks_again(page)


@pytest.mark.parametrize(
    ("what", "wanted"),
    [("path", {"backup_id": BACKUP, "path": "Photos/lake.jpg"}), ("everything", {"backup_id": BACKUP})],
)
async def test_a_path_or_everything_is_asked_for_once(
    ada: Browser, edge: FakeEdge, what: str, wanted: dict[str, str]
) -> None:
    form = await ada.get("/account/files")
    await ada.submit(form, FORM, what=what, file_path="Photos/lake.jpg")
    page = await ada.submit(form, FORM, what=what, file_path="Photos/lake.jpg")
    assert "done-requested" in page.marks
    asked = next(iter(edge.restores.values()))
    assert {name: asked[name] for name in ("backup_id", "path") if asked[name]} == wanted
    assert set(edge.once.values()) == {2}, "both under one key"


async def test_while_one_runs_the_page_looks_again_and_takes_nothing_that_is_typed(
    ada: Browser, edge: FakeEdge
) -> None:
    counts = {"files": 1, "bytes": 2_000, "files_total": 4, "bytes_total": 8_000}
    _begun(edge, state="running", restored_to="holiday (restored 2027-01-04)", **counts)
    page = await ada.get("/account/files")
    assert _looks_again(page)
    for shown in ("1 of 4 files", "2.0 KB of 8.0 KB", "holiday (restored 2027-01-04)"):
        assert shown in page.part("restore")
    assert page.tree.xpath("//progress[@max='8000'][@value='2000']")
    assert not page.tree.xpath(f"//form[@action='{FORM}']")
    page = await ada.get("/account/files?ask=yes")
    assert page.tree.xpath(f"//form[@action='{FORM}']")
    assert not _looks_again(page)


async def test_one_that_is_done_says_where_it_is_and_what_is_missing(ada: Browser, edge: FakeEdge) -> None:
    place = "holiday (restored 2027-01-04)"
    _begun(edge, state="succeeded", finished_at=THEN, files=3, bytes=6_000, missing=1, restored_to=place)
    page = await ada.get("/account/files")
    for shown in ("3 files, 6.0 KB", place):
        assert shown in page.part("restore")
    assert page.part("restore-missing").startswith("1 file ")
    assert not _looks_again(page)


async def test_one_that_failed_says_why_how_far_it_came_and_what_helps(ada: Browser, edge: FakeEdge) -> None:
    failure = {"code": "sync.quota.exceeded", "detail": "There is room for 9.", "remedy": "x"}
    _begun(edge, state="failed", finished_at=THEN, files=1, bytes=2_000, files_total=4, failure=failure)
    page = await ada.get("/account/files")
    assert page.part("sync.quota.exceeded").startswith("There is room for 9. ")
    assert "1 of 4 files" in page.part("restore")
    assert "restore-partial" in page.marks


async def test_what_the_backup_does_not_hold_is_refused_in_words_and_nothing_typed_is_lost(ada: Browser) -> None:
    page = await ada.submit(await ada.get("/account/files"), FORM, file_path="nothing")
    assert page.status == 404
    assert "sync.backup_path.not_found" in page.marks
    assert page.form(FORM)["file_path"] == "nothing"


async def test_a_path_that_is_left_out_is_asked_for(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.submit(await ada.get("/account/files"), FORM, file_path=" / ")
    assert page.status == 422
    assert "wrong-file_path" in page.marks
    assert not edge.restores


async def test_without_a_backup_there_is_nothing_to_fill_in(ada: Browser, edge: FakeEdge) -> None:
    edge.backups.clear()
    page = await ada.get("/account/files")
    assert "no-backups" in page.marks
    assert not page.tree.xpath(f"//form[@action='{FORM}']")


async def test_files_that_are_away_take_nothing_else_from_the_page(ada: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/sync"}
    page = await ada.get("/account/files")
    assert page.status == 200
    assert "unavailable" in page.marks
    assert "/sync/" in page.text


async def test_the_page_is_for_customers(browser: Browser, dora: Browser) -> None:
    assert (await browser.get("/account/files")).name == "login"
    assert (await dora.get("/account/files")).status == 403

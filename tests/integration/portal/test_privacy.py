"""The privacy centre: what is held, and what its owner can do about it."""

import io
import zipfile

from services.portal.domain import labels
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, SERVICES, FakeEdge
from tests.integration.portal.edge.answers import THEN

CONSENT = {
    "version": "1",
    "text": "Send me the emails.",
    "source": "account",
    "requested_at": THEN,
    "confirmed_at": THEN,
}


async def test_C26_the_overview_shows_what_is_held(ada: Browser) -> None:
    page = await ada.get("/account")
    for shown in (
        "ada@customers.example",
        "42 files, 3.1 MB",
        "4 January 2027",
        labels.purpose_label("legal_disclosure"),
    ):
        assert shown in page.text


async def test_a_part_that_is_away_takes_nothing_else_from_the_overview(ada: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/sync", "/v1/disclosure"}
    page = await ada.get("/account")
    assert page.status == 200
    assert "ada@customers.example" in page.text
    assert "unavailable" in page.marks


async def test_C22_sessions_are_listed_and_ended(ada: Browser, edge: FakeEdge) -> None:
    edge.sessions["ses_old"] = {**next(iter(edge.sessions.values())), "country": "NL"}
    page = await ada.get("/account/sessions")
    assert page.marks.count("this-session") == 1
    assert page.text.count("from Netherlands") == 1
    page = await ada.submit(page, "/account/sessions/ses_old/end")
    assert "done-ended" in page.marks
    assert "ses_old" not in edge.sessions


async def test_C22_ending_all_others_leaves_this_one(ada: Browser, edge: FakeEdge) -> None:
    [own] = edge.sessions
    edge.sessions["ses_old"] = {**edge.sessions[own]}
    page = await ada.get("/account/sessions")
    await ada.submit(page, "/account/sessions/end-others")
    assert list(edge.sessions) == [own]


async def test_C22_ending_everything_ends_this_session_and_the_app_passwords(ada: Browser, edge: FakeEdge) -> None:
    await ada.post("/account/app-passwords", label="Laptop", scope="read")
    page = await ada.submit(await ada.get("/account/sessions"), "/account/sessions/revoke-all")
    assert page.name == "login"
    assert "why-everything" in page.marks
    assert not ada.session
    assert not edge.sessions
    assert not edge.app_passwords


async def test_C22_ending_the_own_session_is_a_log_out(ada: Browser, edge: FakeEdge) -> None:
    [own] = edge.sessions
    page = await ada.get("/account/sessions")
    await ada.submit(page, f"/account/sessions/{own}/end")
    assert not edge.sessions
    assert not ada.session


async def test_an_app_password_is_shown_once(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/app-passwords")
    made = await ada.submit(page, "/account/app-passwords", label="Laptop <1>", scope="read")
    assert "abcd-efgh" in made.text
    again = await ada.get("/account/app-passwords")
    assert "abcd-efgh" not in again.text
    assert "Laptop <1>" in again.text
    await ada.submit(again, f"/account/app-passwords/{edge.app_passwords[0]['app_password_id']}/revoke")
    assert not edge.app_passwords


async def test_the_same_form_sent_twice_carries_the_same_key(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/app-passwords")
    for _ in range(2):
        await ada.submit(page, "/account/app-passwords", label="Laptop", scope="read")
    assert list(edge.once.values()) == [2]


async def test_a_refused_app_password_says_so_at_the_field(ada: Browser) -> None:
    page = await ada.post("/account/app-passwords", label="")
    assert page.status == 422
    assert "wrong-label" in page.marks


async def test_C10_a_newsletter_is_left_in_the_account(ada: Browser, edge: FakeEdge) -> None:
    mine = {"subscription_id": "sub_1", "list_id": "lst_1", "list_name": "Monthly", "email": "a@b.example"}
    edge.subscriptions = [{**mine, "consent": CONSENT}]
    page = await ada.get("/account/newsletters")
    assert "Send me the emails." in page.text
    await ada.submit(page, "/account/newsletters/sub_1/unsubscribe")
    assert not edge.subscriptions


async def test_a_suspended_newsletter_says_since_when_and_why(ada: Browser, edge: FakeEdge) -> None:
    mine = {"subscription_id": "sub_1", "list_id": "lst_1", "list_name": "Monthly", "email": "a@b.example"}
    suspended = {"suspended_at": CONSENT["confirmed_at"], "suspension_reason": "bounced"}
    edge.subscriptions = [{**mine, **suspended, "consent": CONSENT}]
    page = await ada.get("/account/newsletters")
    assert "undeliverable" in page.part("suspended")


async def test_C16_the_ledger_names_who_what_and_why(ada: Browser) -> None:
    page = await ada.get("/account/access-ledger")
    for shown in ("Superior Court, King County", "identity.accounts.email", "case dis_1"):
        assert shown in page.text
    [more] = page.tree.xpath("//main//a[contains(@href, 'cursor')]/@href")
    assert "next-page" not in (await ada.get("/account/access-ledger" + more)).marks


async def test_C26_an_export_reports_its_progress_and_is_downloaded_here(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.post("/account/export")
    assert page.path == "/account/exports/exp_1"
    assert page.tree.xpath("//meta[@http-equiv='refresh']")
    edge.exports["exp_1"] |= {"state": "ready", "expires_at": THEN}
    page = await ada.get("/account/exports/exp_1")
    assert not page.tree.xpath("//meta[@http-equiv='refresh']")
    [link] = page.tree.xpath("//a[contains(@href, 'archive')]/@href")
    archive = await ada.get(link)
    assert archive.headers["Content-Disposition"] == 'attachment; filename="candor-2027-01-04.zip"'
    assert "X-Inner" not in archive.headers
    with zipfile.ZipFile(io.BytesIO(archive.raw)) as opened:
        assert opened.testzip() is None
        assert {name.split("/")[0] for name in opened.namelist()} == set(SERVICES)


async def test_an_archive_that_needs_a_fresh_log_in_asks_for_it_and_comes_back(ada: Browser) -> None:
    await ada.post("/account/export")
    page = await ada.get("/account/exports/exp_1/archive")
    assert page.name == "step_up"
    assert page.form("/account/confirm")["next"] == "/account/exports/exp_1/archive"


async def test_C31_an_erasure_needs_the_password_and_ends_with_receipts(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/erase")
    assert (await ada.submit(page, "/account/erase", password="wrong")).status == 403
    page = await ada.get("/account/erase")
    done = await ada.submit(page, "/account/erase", password=PASSWORD)
    assert done.path == "/account/erasures/era_1"
    assert "tax law, ten years" in done.text
    assert not ada.session
    assert done.tree.xpath("//meta[@http-equiv='refresh']")


async def test_C31_an_erasure_with_time_to_think_is_shown_and_taken_back(ada: Browser, edge: FakeEdge) -> None:
    planned = await ada.post("/account/erase", password=PASSWORD, grace_days="30")
    assert "erasure-scheduled" in planned.marks
    assert "4 January 2028" in planned.text
    assert not planned.tree.xpath("//meta[@http-equiv='refresh']")
    assert not ada.session
    page = await ada.log_in("ada@customers.example", PASSWORD)
    assert "4 January 2028" in page.part("erasure-planned")
    kept = await ada.submit(page, "/account/erase/cancel")
    assert "done-kept" in kept.marks
    assert edge.planned is None
    assert "erasure-planned" not in (await ada.get("/account")).marks


async def test_C31_what_must_be_kept_is_told_with_reason_and_end(ada: Browser, edge: FakeEdge) -> None:
    await ada.post("/account/erase", password=PASSWORD)
    held = {"description": "the account", "reason": "a court has ordered it", "until": "2028-01-04T12:00:00.000Z"}
    edge.erasures["era_1"] |= {"state": "on_hold"}
    edge.erasures["era_1"]["receipts"][0] |= {"state": "on_hold", "retained_items": [held]}
    page = await ada.get("/account/erasures/era_1")
    assert "erasure-on_hold" in page.marks
    [kept] = [cell for cell in page.tree.xpath("//td[@data-label='Kept']") if "a court" in cell.text_content()]
    assert "the account, until 4 January 2028: a court has ordered it" in kept.text_content()
    assert not page.tree.xpath("//meta[@http-equiv='refresh']")


async def test_C31_a_number_of_days_that_is_none_is_refused(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/erase")
    assert (await ada.submit(page, "/account/erase", password=PASSWORD, grace_days="soon")).status == 422
    assert edge.sessions


async def test_C31_the_receipts_can_be_read_without_a_log_in(ada: Browser, browser: Browser) -> None:
    await ada.post("/account/erase", password=PASSWORD)
    assert (await browser.get("/account/erasures/era_1")).name == "erasure"
    assert (await browser.get("/account/erasures/era_2")).status == 404


async def test_a_page_of_customers_is_not_for_staff_and_the_other_way_round(ada: Browser, dora: Browser) -> None:
    assert (await dora.get("/account/sessions")).status == 403
    assert (await ada.get("/staff/cases")).status == 403
    assert (await dora.get("/account")).name == "staff"


async def test_an_id_in_an_address_stays_one_part_of_the_path(ada: Browser, edge: FakeEdge) -> None:
    await ada.get("/account/exports/..%2F..%2Fme")
    assert edge.asked[-1][1] == "/v1/identity/exports/../../me"
    assert edge.raw_paths[-1] == "/v1/identity/exports/%2E%2E%2F%2E%2E%2Fme"

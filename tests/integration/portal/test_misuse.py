"""Reports of misuse, by anyone: a number and a date, a lock at once for a logged-in customer (C28)."""

import pytest

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge

REPORT = "/account/report"


async def test_C28_a_report_without_a_log_in_gets_a_number_and_a_date(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.post(REPORT, kind="unauthorized_use", email="ada@customers.example", text="I saw <it>.")
    assert page.path == "/account/reports/rep_1?done=mailed"
    assert "done-mailed" in page.marks
    for shown in ("rep_1", "4 January 2028"):
        assert shown in page.text
    body = {"kind": "unauthorized_use", "text": "I saw <it>.", "email": "ada@customers.example"}
    assert edge.done == [("report", body)]


async def test_C28_whoever_is_logged_in_locks_the_account_at_once(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.post(REPORT, kind="unauthorized_use", text="Not me.", lock="yes")
    assert "done-locked" in page.marks
    assert not edge.sessions
    assert not ada.session
    assert (await ada.get("/account")).name == "login"


async def test_C28_without_the_wish_nothing_is_locked(ada: Browser, edge: FakeEdge) -> None:
    await ada.post(REPORT, kind="unauthorized_use", text="Perhaps not me.")
    assert edge.done[0][1]["lock_account"] is False
    assert ada.session


async def test_a_refused_report_keeps_what_was_written(browser: Browser) -> None:
    page = await browser.post(REPORT, kind="unauthorized_use", text="A long story.")
    assert page.status == 422
    assert page.form(REPORT)["text"] == "A long story."
    assert page.tree.xpath("//input[@id='email']/@aria-invalid") == ["true"]


async def test_a_session_that_ended_meanwhile_does_not_cost_the_report(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get(REPORT)
    edge.sessions.clear()
    kept = await ada.submit(page, REPORT, kind="unauthorized_use", text="A long story.", lock="yes")
    assert kept.form(REPORT)["text"] == "A long story."
    assert "session-over" in kept.marks
    done = await ada.submit(kept, REPORT, email="ada@customers.example")
    assert "rep_1" in done.text


async def test_C28_whoever_knows_the_number_reads_the_answer(browser: Browser, edge: FakeEdge) -> None:
    edge.written(
        "rep_7", "text", answer="We <looked>.\nAll is well.", state="answered", answered_at="2027-01-05T12:00:00Z"
    )
    page = await browser.get("/account/reports?number=+rep_7+")
    assert page.path == "/account/reports/rep_7"
    assert "We <looked>." in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("number", ["rep_nobody", "../../me", "%2e%2e%2fme", "a b"])
async def test_a_number_that_nobody_has_leads_nowhere_else(browser: Browser, edge: FakeEdge, number: str) -> None:
    page = await browser.get(f"/account/reports?number={number}")
    assert page.status == 404
    assert all("/v1/identity/me" not in path for path in edge.raw_paths)

"""The pages of the public statistics: figures with error bars in words and picture, CSV, feed, ledger, staff view."""

import csv
import io
import re
from xml.etree import ElementTree as ET

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge
from tests.integration.portal.edge.statistics import DEMO_WEEK, WEEK

ATOM = {"a": "http://www.w3.org/2005/Atom"}


async def test_C15_a_release_shows_each_figure_with_its_base_and_its_error(browser: Browser) -> None:
    page = await browser.get("/statistics")
    assert WEEK in page.text
    assert "480 ± 84 reports" in page.text
    assert "Shares of reports of omnifocus: 480 ± 42" in page.text
    for words in (
        "macOS 26",
        "268 to 352",
        "65 %",
        "too few for a release",
        "epsilon 0.5 for the week",
        "epsilon 0.5 so far, 26.5 at most",
    ):
        assert words in page.text


async def test_b9_what_is_not_shown_has_a_row_of_its_own_and_may_be_negative(browser: Browser) -> None:
    page = await browser.get("/statistics")
    assert "Not shown" in page.text
    assert "-8" in page.text
    assert "at most 65" in page.text


async def test_b16_rows_stand_in_the_order_of_their_values(browser: Browser) -> None:
    page = await browser.get("/statistics")
    rows = re.findall(r'<th scope="row">([^<]+)</th>', page.raw.decode())
    assert rows[:5] == ["macOS 26", "iOS 26", "Web", "Other", "Not shown"]


async def test_the_chart_has_an_error_bar_for_each_shown_figure_and_a_title(browser: Browser) -> None:
    page = (await browser.get("/statistics")).raw.decode()
    assert page.count('<path class="error"') == 3
    assert page.count("<rect") == 3
    assert 'role="img"' in page
    assert re.search(r"<title id=\"[^\"]+\">OmniFocus: operating system", page)


async def test_a_week_with_too_few_reports_says_so(browser: Browser, edge: FakeEdge) -> None:
    edge.is_small = True
    page = await browser.get("/statistics")
    assert "too-few" in page.marks
    assert "fewer than 50" in page.text


async def test_a_demonstration_is_marked_on_page_and_in_the_feed(browser: Browser, edge: FakeEdge) -> None:
    edge.has_demo = True
    page = await browser.get("/statistics")
    assert "demonstration" in page.marks
    assert "simulated installations" in page.text
    feed = ET.fromstring((await browser.get("/statistics/feed")).raw)
    titles = [title.text for title in feed.iterfind("a:entry/a:title", ATOM)]
    assert f"Demonstration, week {DEMO_WEEK}" in titles


async def test_the_feed_names_each_release_once(browser: Browser) -> None:
    page = await browser.get("/statistics/feed")
    assert page.headers["Content-Type"].startswith("application/atom+xml")
    links = [link.get("href") for link in ET.fromstring(page.raw).iterfind("a:entry/a:link", ATOM)]
    assert len(links) == len(set(links)) == 2
    assert all(link is not None and "/statistics/weeks/" in link for link in links)


async def test_b11_the_csv_has_signed_whole_numbers_and_leaves_hidden_figures_empty(browser: Browser) -> None:
    page = await browser.get(f"/statistics/weeks/{WEEK}/figures.csv")
    assert page.headers["Content-Disposition"] == f'attachment; filename="statistics-{WEEK}.csv"'
    rows = {row["value"]: row for row in csv.DictReader(io.StringIO(page.raw.decode()))}
    assert (rows["macos-26"]["count"], rows["web"]["count"], rows["not shown"]["count"]) == ("310", "", "-8")
    assert rows["macos-26"]["base"] == "reports of omnifocus"


async def test_an_earlier_week_has_its_own_page_and_an_unknown_one_has_none(browser: Browser) -> None:
    assert WEEK in (await browser.get(f"/statistics/weeks/{WEEK}")).text
    assert (await browser.get("/statistics/weeks/2020-W01")).status == 404


async def test_C15_the_ledger_says_what_is_spent_what_is_left_and_what_composes(browser: Browser) -> None:
    page = await browser.get("/statistics/ledger")
    for words in ("0.5 of 26.5", "26000000 millionths", "program 71428", "Basic composition."):
        assert words in page.text
    assert "the demonstration" in (await browser.get("/statistics/ledger?stream=demo")).text


async def test_C08_an_engineer_sees_the_published_figures_week_by_week(erin: Browser) -> None:
    page = await erin.get("/staff/usage-reports")
    assert "310 ± 42" in page.text


async def test_C08_usage_reports_are_for_engineers(sven: Browser) -> None:
    assert (await sven.get("/staff/usage-reports")).status == 403

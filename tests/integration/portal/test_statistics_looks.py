"""The page of the statistics in Chromium, narrow and wide: charts drawn, nothing cut off, every name there."""

import shutil
from pathlib import Path

import pytest

from tests.browser.looks import AXE, axe_core, findings
from tests.integration.portal.edge import FakeEdge

WIDTHS = (320, 1200)
PATHS = ("/statistics", "/statistics/weeks/2027-W01", "/statistics/ledger")
pytestmark = pytest.mark.timeout(120)


async def test_the_pages_of_the_statistics_are_for_everybody(edge: FakeEdge, portal_url: str) -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: make setup")
    edge.has_demo = True
    wrong = []
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch(executable_path=Path(program), args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        for path in PATHS:
            await page.goto(f"{portal_url}{path}")
            await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            axe = axe_core()
            if axe is not None:
                await page.evaluate(axe.read_text(encoding="utf-8"))
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                wrong += [f"{path} {width}: {each}" for each in await findings(page)]
                if axe is not None:
                    wrong += [f"{path} {width}: {each}" for each in await findings(page, AXE)]
        await page.goto(f"{portal_url}/statistics")
        boxes = await page.evaluate(
            "[...document.querySelectorAll('svg.chart text')].map((each) => {"
            " const text = each.getBoundingClientRect(), chart = each.closest('svg').getBoundingClientRect();"
            " return text.left >= chart.left - 1 && text.right <= chart.right + 1; })"
        )
        await browser.close()
    assert wrong == []
    assert boxes
    assert all(boxes)

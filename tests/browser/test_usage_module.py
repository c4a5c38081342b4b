"""The module for web apps in a real Chromium: it obtains, keeps and spends tokens by the same rules as the package."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from candor_telemetry import program
from candor_telemetry.weeks import IsoWeeks, iter_weeks

from tests.architecture.tree import ROOT, SERVICES
from tests.support.telemetry_receiver import Receiver

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

BUNDLE = SERVICES / "portal/static/usage-telemetry.js"
W48_WEDNESDAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
A_WEEK = timedelta(weeks=1)
GPC_FLAG = "--enable-features=GlobalPrivacyControlForce"
OPEN = """([now]) => { window.now = now;
  window.telemetry = new usage.UsageTelemetry(
    { program: "omnifocus", version: "4.8", server: location.origin, now: () => window.now }); }"""


@dataclass
class Site:
    """A page with the module, and the receiver behind it."""

    page: "Page"
    receiver: Receiver
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def open(self, at: datetime) -> None:
        await self.page.evaluate(OPEN, [at.timestamp() * 1000])

    async def call(self, expression: str) -> Any:
        return await self.page.evaluate(f"async () => {expression}")


async def serve_site(chromium: "Browser") -> AsyncIterator[Site]:
    receiver = Receiver()
    context: BrowserContext = await chromium.new_context(locale="nl-BE")
    site = Site(await context.new_page(), receiver)

    async def show_page(_: web.Request) -> web.Response:
        page = web.Response(text='<!doctype html><main data-page="home"></main>', content_type="text/html")
        page.set_cookie("login", "a secret")
        return page

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        raw = f"{request.method} {request.path} HTTP/1.1\r\n\r\n".encode() + body
        receiver.requests.append(raw)
        site.headers.append(dict(request.headers))
        site.bodies.append(body)
        status, content = receiver.reply_to(raw)
        return web.json_response(content, status=status) if status != 204 else web.Response(status=204)

    app = web.Application()
    app.router.add_static("/static", SERVICES / "portal/static")
    app.router.add_get("/", show_page)
    app.router.add_route("*", "/v1/telemetry/{tail:.*}", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await site.page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    await site.page.evaluate("async () => { window.usage = await import('/static/usage-telemetry.js'); }")
    yield site
    await context.close()
    await runner.cleanup()


@pytest.fixture
async def site(chromium: "Browser") -> AsyncIterator[Site]:
    async for opened in serve_site(chromium):
        await opened.open(W48_WEDNESDAY)
        yield opened


@pytest.fixture(scope="module")
async def private_chromium(program: Path) -> AsyncIterator["Browser"]:
    """A browser whose owner has turned on Global Privacy Control."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: make setup")
    async with playwright.async_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu", GPC_FLAG]
        launched = await started.chromium.launch(executable_path=program, args=options)
        yield launched
        await launched.close()


async def with_a_report_waiting(site: Site) -> None:
    await site.call("{ telemetry.setAnswer(true); await telemetry.sendDue(); }")
    await site.open(W48_WEDNESDAY + A_WEEK)
    await site.call("{ telemetry.count('launches', 4); telemetry.count('syncs', 31); }")
    await site.open(W48_WEDNESDAY + 2 * A_WEEK)


async def test_the_tokens_that_the_browser_unblinds_are_those_that_the_receiver_computes(site: Site) -> None:
    await with_a_report_waiting(site)
    assert await site.call("await telemetry.sendDue()") == 1
    (report,) = site.receiver.reports()
    assert site.receiver.verifies(report)
    assert report["week"] == "2026-W49"
    assert report["counters"] == {"launches": "3 to 9", "crashes": "0", "syncs": "30 to 99"}
    assert (report["os"], report["locale"]) == ("web", "nl")
    assert await site.call("await telemetry.sendDue()") == 0


async def test_c4_the_preview_of_the_browser_is_the_body_on_the_wire(site: Site) -> None:
    await with_a_report_waiting(site)
    preview = await site.call("telemetry.preview()")
    await site.call("await telemetry.sendDue()")
    assert preview == {"2026-W49": site.bodies[-1].decode()}


async def test_b_14_no_cookie_and_no_referrer_go_along(site: Site) -> None:
    await with_a_report_waiting(site)
    await site.call("await telemetry.sendDue()")
    assert len(site.headers) == 3
    assert not [name for headers in site.headers for name in headers if name.lower() in {"cookie", "referer"}]


async def test_a_key_of_its_own_gives_the_browser_no_token(site: Site) -> None:
    site.receiver.key_info = "a key for this one browser"
    refused = await site.call("{ telemetry.setAnswer(true); return telemetry.sendDue().catch((fault) => `${fault}`); }")
    assert "proof failed" in refused
    assert await site.call("localStorage.getItem('candor-telemetry/omnifocus/tokens')") is None


async def test_b_01_an_unclear_answer_in_the_browser_is_a_no_that_stays(site: Site) -> None:
    for stored in ["", "{", "true", '{"agreed":"true","questionVersion":2,"firstWeek":"2026-W01"}']:
        await site.page.evaluate("(text) => localStorage.setItem('candor-telemetry/omnifocus/answer', text)", stored)
        told = await site.call("[telemetry.isOn, telemetry.shouldAsk(), await telemetry.sendDue()]")
        assert told == [False, False, 0]
    older = '{"agreed":true,"questionVersion":1,"firstWeek":"2026-W01"}'
    await site.page.evaluate("(text) => localStorage.setItem('candor-telemetry/omnifocus/answer', text)", older)
    assert await site.call("[telemetry.isOn, telemetry.shouldAsk(), await telemetry.sendDue()]") == [False, True, 0]
    assert site.receiver.requests == []


async def test_b_03_a_no_in_the_browser_sends_nothing_and_keeps_only_the_answer(site: Site) -> None:
    await with_a_report_waiting(site)
    before = len(site.receiver.requests)
    await site.call("{ telemetry.setAnswer(false); await telemetry.sendDue(); }")
    assert len(site.receiver.requests) == before
    assert await site.call("Object.keys(localStorage)") == ["candor-telemetry/omnifocus/answer"]


async def test_b_03_the_browser_has_a_sent_report_deleted(site: Site) -> None:
    await with_a_report_waiting(site)
    await site.call("await telemetry.sendDue()")
    (report,) = site.receiver.reports()
    assert await site.call("[await telemetry.deleteReport('2026-W49'), await telemetry.deleteReport('2026-W49')]") == [
        True,
        False,
    ]
    assert json.loads(site.bodies[-1])["number"] == report["number"]


async def test_b_02_the_browser_deletes_what_is_too_old_or_named_in_the_future(site: Site) -> None:
    await with_a_report_waiting(site)
    await site.open(W48_WEDNESDAY + 60 * A_WEEK)
    await site.call("telemetry.count('launches')")
    await site.open(W48_WEDNESDAY + 5 * A_WEEK)
    await site.call("await telemetry.sendDue()")
    assert site.receiver.reports() == []
    assert await site.call("JSON.parse(localStorage.getItem('candor-telemetry/omnifocus/counts'))") == {}


async def test_both_clients_name_weeks_ranges_and_the_question_alike(site: Site) -> None:
    days = [datetime(2019, 12, 20, tzinfo=UTC) + timedelta(days=11 * step) for step in range(300)]
    told = await site.page.evaluate("(times) => times.map(usage.weekAt)", [day.timestamp() * 1000 for day in days])
    assert told == [IsoWeeks().week_at(day) for day in days]
    counts = [0, 1, 2, 3, 9, 10, 29, 30, 99, 100, 299, 300, 10**6]
    ranges = await site.page.evaluate("(counts) => counts.map(usage.bucketLabel)", counts)
    assert ranges == [program.bucket_label(count) for count in counts]
    question = {"version": program.QUESTION_VERSION, "text": program.QUESTION_TEXT}
    assert await site.call("usage.QUESTION") == question
    assert len(list(iter_weeks(IsoWeeks(), "2026-W52", 3))) == 3


async def test_b_14_global_privacy_control_beats_a_stored_yes_and_sends_not_even_a_page_view(
    private_chromium: "Browser",
) -> None:
    async for site in serve_site(private_chromium):
        await site.open(W48_WEDNESDAY)
        yes = '{"agreed":true,"questionVersion":2,"firstWeek":"2026-W01"}'
        await site.page.evaluate("(text) => localStorage.setItem('candor-telemetry/omnifocus/answer', text)", yes)
        assert await site.call("[navigator.globalPrivacyControl, telemetry.isOn, telemetry.shouldAsk()]") == [
            True,
            False,
            False,
        ]
        await site.call(
            "{ telemetry.count('launches'); await telemetry.sendDue(); await import('/static/page-views.js'); }"
        )
        assert site.receiver.requests == []


async def test_b_14_a_page_view_says_the_page_and_nothing_of_the_visitor(site: Site) -> None:
    async with site.page.expect_response("**/v1/telemetry/page-views"):
        await site.call("{ await import('/static/page-views.js'); }")
    assert site.bodies == [b'{"page":"home"}']
    assert not {name.lower() for name in site.headers[0]} & {"cookie", "referer", "authorization"}


def test_the_committed_bundle_has_the_recorded_hash_and_the_licences_of_its_parts() -> None:
    recorded = (ROOT / "clients/browser/usage-telemetry.js.sha256").read_text().split()[0]
    content = BUNDLE.read_bytes()
    assert sha256(content).hexdigest() == recorded
    for name in (b"@cloudflare/voprf-ts 1.0.0", b"@noble/curves 1.5.0", b"@noble/hashes 1.4.0"):
        assert name in content
    assert content.count(b"Redistribution and use in source and binary forms") == 1
    assert content.count(b"Permission is hereby granted, free of charge") == 2

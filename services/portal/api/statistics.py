"""The public statistics as pages, as CSV and as a feed (RFC 4287), and the usage reports of staff."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.api.staff import render_console_page, require_section
from services.portal.domain import charts

STATISTICS = "/v1/telemetry/statistics"
LEDGER = "/v1/telemetry/budget-ledger"
STREAMS: Final = ("software", "demo")
_FEED_RELEASES = "20"
_ATOM = "http://www.w3.org/2005/Atom"
_COLUMNS = (
    *("week", "stream", "is_demonstration", "program", "table", "value", "count", "margin"),
    *("base", "base_count", "epsilon_micros", "scale"),
)


@dataclass(frozen=True, slots=True)
class StatisticsPages:
    """Handlers of the statistics."""

    public_url: str

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages, the feed and the CSV."""
        return (
            page_route("/statistics", self.show_statistics),
            page_route("/statistics/ledger", self.show_ledger),
            page_route("/statistics/feed", self.show_feed),
            page_route("/statistics/weeks/{week}", self.show_week),
            page_route("/statistics/weeks/{week}/figures.csv", self.download_figures),
            page_route("/staff/usage-reports", self.show_usage_report),
        )

    async def show_statistics(self, context: PageContext) -> web.Response:
        """Show the newest release of the software, and of the demonstration where there is one."""
        newest, weeks, ledgers = [], {}, {}
        for stream in STREAMS:
            releases = await _list_releases(context, stream=stream, limit="13")
            newest += releases[:1]
            weeks[stream] = [release["week"] for release in releases]
            ledgers[stream] = await context.user_session.get_public(LEDGER, stream=stream) if releases else None
        return context.render("statistics.html", releases=newest, weeks=weeks, ledgers=ledgers, charts=charts)

    async def show_week(self, context: PageContext) -> web.Response:
        """Show the release of one week."""
        release = await context.user_session.get_public(f"{STATISTICS}/{{}}", context.get_path_variable("week"))
        return context.render("statistics_week.html", release=release, charts=charts)

    async def download_figures(self, context: PageContext) -> web.Response:
        """Download the figures of one week; an empty count is not shown."""
        release = await context.user_session.get_public(f"{STATISTICS}/{{}}", context.get_path_variable("week"))
        output = io.StringIO(newline="")
        writer = csv.writer(output)
        writer.writerow(_COLUMNS)
        writer.writerows(_iter_figures(release))
        return web.Response(
            text=output.getvalue(),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="statistics-{release["week"]}.csv"'},
        )

    async def show_ledger(self, context: PageContext) -> web.Response:
        """Show the budget ledger of a year."""
        stream = context.get_query("stream") if context.get_query("stream") in STREAMS else STREAMS[0]
        year = {"year": context.get_query("year")} if context.get_query("year") else {}
        ledger = await context.user_session.get_public(LEDGER, stream=stream, **year)
        return context.render("statistics_ledger.html", ledger=ledger, streams=STREAMS)

    async def show_feed(self, context: PageContext) -> web.Response:
        """Serve the newest releases as an Atom feed; a demonstration is marked in its title."""
        releases: list[dict[str, Any]] = []
        for stream in STREAMS:
            releases += await _list_releases(context, stream=stream, limit=_FEED_RELEASES)
        releases.sort(key=lambda release: str(release["published_at"]), reverse=True)
        body = _build_feed(self.public_url, releases)
        return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")

    async def show_usage_report(self, context: PageContext) -> web.Response:
        """Show staff the published figures week by week (C08)."""
        require_section(context, "/staff/usage-reports")
        report = await context.user_session.get("/v1/telemetry/usage-reports")
        return render_console_page(context, "staff_usage_reports.html", report=report)


async def _list_releases(context: PageContext, **query: str) -> list[dict[str, Any]]:
    found = await context.user_session.get_public(STATISTICS, **query)
    releases: list[dict[str, Any]] = found["releases"]
    return releases


def _iter_figures(release: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    head = (release["week"], release["stream"], str(release["is_demonstration"]).lower())
    privacy = (release["privacy"]["epsilon_micros"], release["privacy"]["scale"])
    for table in release["tables"]:
        base = (table["base"], table["base_count"], *privacy)
        for figure in (*table["figures"], table["not_shown"]):
            count = "" if figure["count"] is None else figure["count"]
            cell = (table["program"] or "", table["name"], figure["value"], count, figure["margin"])
            yield (*head, *cell, *base)


def _build_feed(public_url: str, releases: Sequence[Mapping[str, Any]]) -> bytes:
    ET.register_namespace("", _ATOM)
    address = f"{public_url}/statistics"
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", address)
    _add(feed, "title", "Public statistics")
    _add(feed, "updated", releases[0]["published_at"] if releases else "1970-01-01T00:00:00Z")
    _add(feed, "link", rel="self", href=f"{address}/feed")
    _add(_add(feed, "author"), "name", "Candor")
    for release in releases:
        entry = _add(feed, "entry")
        link = f"{address}/weeks/{release['week']}"
        _add(entry, "id", link)
        kind = "Demonstration, week" if release["is_demonstration"] else "Week"
        _add(entry, "title", f"{kind} {release['week']}")
        _add(entry, "updated", release["published_at"])
        _add(entry, "link", rel="alternate", href=link)
        _add(entry, "summary", release["note"])
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text or None
    return child

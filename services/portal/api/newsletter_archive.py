"""The archive of newsletters: pages that everybody may read, and a feed of each list (RFC 4287)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import web
from markupsafe import Markup

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.errors import PageNotFoundError

_ATOM = "http://www.w3.org/2005/Atom"
_FEED_ITEMS = 20


@dataclass(frozen=True, slots=True)
class NewsletterArchivePages:
    """Handlers of the archive."""

    public_url: str

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages and the feed."""
        root = "/newsletter/archive/{list_id}"
        return (
            page_route(root, self.show_archive),
            page_route(f"{root}/feed", self.show_feed),
            page_route(f"{root}/{{campaign_id}}", self.show_issue),
        )

    async def show_archive(self, context: PageContext) -> web.Response:
        """Show what was sent to a list."""
        list_id = context.get_path_variable("list_id")
        return context.render(
            "newsletter_archive.html",
            list_id=list_id,
            list_name=await _get_list_name(context, list_id),
            items=await _list_items(context, list_id),
        )

    async def show_issue(self, context: PageContext) -> web.Response:
        """Show one newsletter."""
        found = await context.user_session.get_public(
            f"/v1/newsletter/archive/{context.get_path_variable('campaign_id')}"
        )
        if found["list_id"] != context.get_path_variable("list_id"):
            raise PageNotFoundError
        return context.render(
            "newsletter_issue.html",
            issue=found,
            body=Markup(found["html"]),  # noqa: S704 (sanitized by newsletter; the policy of the page allows no script)
        )

    async def show_feed(self, context: PageContext) -> web.Response:
        """Serve the newest newsletters of a list as an Atom feed; it holds links, and counts no reader."""
        list_id = context.get_path_variable("list_id")
        items = (await _list_items(context, list_id))[:_FEED_ITEMS]
        body = self._build_feed(list_id, await _get_list_name(context, list_id), items)
        return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")

    def _build_feed(self, list_id: str, list_name: str, items: Sequence[Mapping[str, Any]]) -> bytes:
        ET.register_namespace("", _ATOM)
        address = f"{self.public_url}/newsletter/archive/{list_id}"
        feed = ET.Element(f"{{{_ATOM}}}feed")
        _add(feed, "id", address)
        _add(feed, "title", list_name)
        _add(feed, "updated", items[0]["sent_at"] if items else "1970-01-01T00:00:00Z")
        _add(feed, "link", rel="self", href=f"{address}/feed")
        _add(_add(feed, "author"), "name", "Candor")
        for item in items:
            entry = _add(feed, "entry")
            link = f"{address}/{item['campaign_id']}"
            _add(entry, "id", link)
            _add(entry, "title", item["subject"])
            _add(entry, "updated", item["sent_at"])
            _add(entry, "link", rel="alternate", href=link)
        written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
        return written


async def _get_list_name(context: PageContext, list_id: str) -> str:
    found = await context.user_session.get_public(f"/v1/newsletter/lists/{list_id}")
    return str(found["name"])


async def _list_items(context: PageContext, list_id: str) -> list[dict[str, Any]]:
    found = await context.user_session.get_public(f"/v1/newsletter/lists/{list_id}/archive")
    items: list[dict[str, Any]] = found["items"]
    return items


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text or None
    return child

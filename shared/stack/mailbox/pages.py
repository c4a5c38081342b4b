"""The mailbox as web pages and as JSON; on loopback, and behind the edge at ``/mailbox``."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from html import escape
from typing import Any

import jinja2
from aiohttp import web

from shared.stack.mailbox.store import Mailbox, StoredMail

MAX_LISTED = 100
_URL_PATTERN = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_PAGE_CSP = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'"
# Untrusted content: no scripts, no requests, and links open in a new tab.
_MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("shared.stack.mailbox"), autoescape=True, undefined=jinja2.StrictUndefined
)


@asynccontextmanager
async def serve_pages(mailbox: Mailbox, host: str, port: int) -> AsyncIterator[None]:
    """Serve the pages of *mailbox* on *host* and *port* inside the context."""
    runner = web.AppRunner(build_mailbox_app(mailbox), access_log=None, handle_signals=False, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def build_mailbox_app(mailbox: Mailbox) -> web.Application:
    """Return the web application of *mailbox*."""
    pages = _MailboxPages(mailbox)
    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", pages.show_health),
            web.get("/mailbox", pages.show_list),
            web.get("/mailbox/", pages.show_list),
            web.get("/mailbox/mailbox.js", pages.show_script),
            web.get("/mailbox/api/messages", pages.list_messages),
            web.get("/mailbox/messages/{id}", pages.show_mail),
            web.get("/mailbox/messages/{id}/html", pages.show_html),
            web.get("/mailbox/messages/{id}/raw", pages.download_raw),
        ]
    )
    return app


class _MailboxPages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def show_health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def show_list(self, request: web.Request) -> web.Response:
        query = request.query.get("to", "").strip()
        found = self._mailbox.list_newest(MAX_LISTED, recipient_part=query or None)
        return _render_page("list.html", mails=found, query=query, limit=MAX_LISTED)

    async def show_mail(self, request: web.Request) -> web.Response:
        mail = self._require_mail(request)
        contents = self._mailbox.read_contents(mail)
        return _render_page("mail.html", mail=mail, contents=contents, text=_linkify(contents.text))

    async def show_html(self, request: web.Request) -> web.Response:
        contents = self._mailbox.read_contents(self._require_mail(request))
        # Without the base element a link would open inside the sandboxed frame, without scripts and cookies.
        body = '<!doctype html><meta charset="utf-8"><base target="_blank">' + contents.html
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": _MAIL_CSP})

    async def download_raw(self, request: web.Request) -> web.Response:
        mail = self._require_mail(request)
        headers = {"Content-Disposition": f'attachment; filename="{mail.id}.eml"'}
        return web.Response(body=self._mailbox.read_raw(mail), content_type="message/rfc822", headers=headers)

    async def show_script(self, _request: web.Request) -> web.Response:
        return web.Response(text=_TEMPLATES.get_template("mailbox.js").render(), content_type="text/javascript")

    async def list_messages(self, request: web.Request) -> web.Response:
        """Answer ``?to=ADDRESS&limit=N``, newest first."""
        limit = request.query.get("limit", str(MAX_LISTED))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= MAX_LISTED):
            raise web.HTTPBadRequest(text=f"limit is a number from 1 to {MAX_LISTED}")
        found = self._mailbox.list_newest(int(limit), to=request.query.get("to"))
        return web.json_response({"items": [self._to_json(mail) for mail in found]})

    def _to_json(self, mail: StoredMail) -> dict[str, Any]:
        fields = asdict(mail)
        return {**fields, "from": fields.pop("sender"), **asdict(self._mailbox.read_contents(mail))}

    def _require_mail(self, request: web.Request) -> StoredMail:
        mail = self._mailbox.get(request.match_info["id"])
        if mail is None:
            raise web.HTTPNotFound(text="This mail was deleted.")
        return mail


def _render_page(template: str, **context: Any) -> web.Response:
    text = _TEMPLATES.get_template(template).render(**context)
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _PAGE_CSP})


def _linkify(text: str) -> str:
    """Return *text* as escaped HTML with its URLs as links."""
    parts, end = [], 0
    for found in _URL_PATTERN.finditer(text):
        url = escape(found[0])
        parts += [
            escape(text[end : found.start()]),
            f'<a href="{url}" target="_blank" rel="noopener">{url}</a>',
        ]
        end = found.end()
    return "".join([*parts, escape(text[end:])])

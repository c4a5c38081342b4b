"""The mailbox in a browser and as JSON; loopback only, and behind the edge at ``/mailbox``."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from html import escape
from typing import Any

import jinja2
from aiohttp import web

from shared.stack.mailbox.letters import Letter, Letters

LISTED = 100
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_PAGE_RULES = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'"
# What somebody else wrote: no script, no request to anywhere, and links open outside.
_MAIL_RULES = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("shared.stack.mailbox"), autoescape=True, undefined=jinja2.StrictUndefined
)


@asynccontextmanager
async def showing(letters: Letters, host: str, port: int) -> AsyncIterator[None]:
    """Serve the pages of *letters* on *host* and *port* inside the context."""
    runner = web.AppRunner(mailbox_app(letters), access_log=None, handle_signals=False, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def mailbox_app(letters: Letters) -> web.Application:
    """Return the pages of *letters*."""
    pages = _Pages(letters)
    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", pages.alive),
            web.get("/mailbox", pages.all),
            web.get("/mailbox/", pages.all),
            web.get("/mailbox/mailbox.js", pages.script),
            web.get("/mailbox/api/messages", pages.messages),
            web.get("/mailbox/messages/{id}", pages.one),
            web.get("/mailbox/messages/{id}/html", pages.html),
            web.get("/mailbox/messages/{id}/raw", pages.raw),
        ]
    )
    return app


class _Pages:
    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def all(self, request: web.Request) -> web.Response:
        wanted = request.query.get("to", "").strip()
        found = self._letters.newest(LISTED, like=wanted or None)
        return _page("list.html", letters=found, wanted=wanted, most=LISTED)

    async def one(self, request: web.Request) -> web.Response:
        letter = self._letter(request)
        opened = self._letters.open(letter)
        return _page("letter.html", letter=letter, opened=opened, text=_with_links(opened.text))

    async def html(self, request: web.Request) -> web.Response:
        opened = self._letters.open(self._letter(request))
        # Inside the frame a link would open in the frame, where scripts and cookies of the page are not.
        body = '<!doctype html><meta charset="utf-8"><base target="_blank">' + opened.html
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": _MAIL_RULES})

    async def raw(self, request: web.Request) -> web.Response:
        letter = self._letter(request)
        headers = {"Content-Disposition": f'attachment; filename="{letter.id}.eml"'}
        return web.Response(body=self._letters.raw(letter), content_type="message/rfc822", headers=headers)

    async def script(self, _request: web.Request) -> web.Response:
        return web.Response(text=_ENVIRONMENT.get_template("mailbox.js").render(), content_type="text/javascript")

    async def messages(self, request: web.Request) -> web.Response:
        """Answer ``?to=ADDRESS&limit=N``, newest first."""
        limit = request.query.get("limit", str(LISTED))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= LISTED):
            raise web.HTTPBadRequest(text=f"limit is a number from 1 to {LISTED}")
        found = self._letters.newest(int(limit), to=request.query.get("to"))
        return web.json_response({"items": [self._as_json(letter) for letter in found]})

    def _as_json(self, letter: Letter) -> dict[str, Any]:
        told = asdict(letter)
        return {**told, "from": told.pop("sender"), **asdict(self._letters.open(letter))}

    def _letter(self, request: web.Request) -> Letter:
        letter = self._letters.get(request.match_info["id"])
        if letter is None:
            raise web.HTTPNotFound(text="This mail is not kept any more.")
        return letter


def _page(template: str, **shown: Any) -> web.Response:
    text = _ENVIRONMENT.get_template(template).render(**shown)
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _PAGE_RULES})


def _with_links(text: str) -> str:
    """Return *text* as HTML, each address in it a link; nothing of it is markup."""
    shown, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = escape(found[0])
        shown += [
            escape(text[end : found.start()]),
            f'<a href="{address}" target="_blank" rel="noopener">{address}</a>',
        ]
        end = found.end()
    return "".join([*shown, escape(text[end:])])

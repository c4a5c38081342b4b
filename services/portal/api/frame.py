"""What surrounds every page: the visit before it, headers and cookies after it, and errors that people can read."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from services.portal.api.countries import country
from services.portal.api.guard import Guard
from services.portal.api.statics import Statics
from services.portal.api.visit import VISIT, Visit, passed_on
from services.portal.domain import SESSION, security, words
from services.portal.errors import LoggedOutError
from services.portal.service import Sessions, Visitor
from shared.clock import Clock, monotonic
from shared.errors import ServiceError
from shared.web import PROBLEM_TYPE, RateLimit, client_address
from shared.web.errors import StaleLoginError
from shared.web.limits import Buckets

OFTEN = RateLimit(30, timedelta(minutes=1), name="forms")
"""How often one address may send a form that needs no log-in."""
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_WITH_SCRIPT = f"{_POLICY}; script-src 'self'; connect-src 'self'"
_HEADERS = {
    # Not no-referrer: that makes browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}
_TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

PageHandler = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """One page, or one act of a page."""

    method: str
    path: str
    handler: PageHandler
    limit: RateLimit | None = None


def shown(path: str, handler: PageHandler) -> PageRoute:
    """A page."""
    return PageRoute(method="GET", path=path, handler=handler)


def sent(path: str, handler: PageHandler, *, limit: RateLimit | None = None) -> PageRoute:
    """What a form of a page does."""
    return PageRoute(method="POST", path=path, handler=handler, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Adds pages to the application."""

    public_url: str
    clock: Clock
    guard: Guard
    sessions: Sessions
    statics: Statics
    ask_again: PageHandler
    """Asks whoever is logged in to confirm it, and goes on with what was wanted."""

    def build(self, app: web.Application, pages: Iterable[PageRoute]) -> None:
        """Add *pages* with templates, static files and what surrounds them."""
        aiohttp_jinja2.setup(
            app,
            loader=jinja2.PackageLoader("services.portal"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            filters={name: getattr(words, name) for name in ("moment", "day", "money", "size", "plain", "figure")},
        )
        aiohttp_jinja2.get_env(app).globals.update(
            {"static": self.statics.url, "words": words, "security": security, "country": country}
        )
        app.middlewares.insert(0, self._for_people)  # around the edge: its refusals are pages, too
        app.on_response_prepare.append(self._on_prepare)
        app.router.add_get("/static/{name}", self.statics.serve)
        for page in pages:
            buckets = Buckets(page.limit) if page.limit else None
            serve = partial(self._serve, page.handler, buckets)
            if page.method == "GET":
                app.router.add_get(page.path, serve)  # HEAD, too
            else:
                app.router.add_route(page.method, page.path, serve)

    async def _serve(self, handler: PageHandler, buckets: Buckets | None, request: web.Request) -> web.StreamResponse:
        if buckets is not None:
            buckets.take(client_address(request), monotonic())
        visit = request[VISIT] = self._visit(request)
        try:
            return await handler(visit)
        except ServiceError as fault:
            if fault.code != StaleLoginError.code or not _wants_page(request):
                raise
            return await self.ask_again(visit)

    def _visit(self, request: web.Request) -> Visit:
        now = self.clock()
        session = self.sessions.open(request.cookies.get(SESSION.named(self.public_url)), now=now)
        passing = passed_on(request.headers, client_address(request))
        visitor = Visitor(sessions=self.sessions, session=session, now=now, passing=passing)
        return Visit(
            request=request, now=now, public_url=self.public_url, guard=self.guard, visitor=visitor, _was=session
        )

    async def _on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on every answer what browsers must keep to; the cookies come last, for errors as well."""
        response.headers.update(_HEADERS)
        if self.public_url.startswith("https://"):
            response.headers.update(_TLS_ONLY)
        visit = request.get(VISIT)
        if visit is not None and visit.private_path:
            response.headers["Referrer-Policy"] = "no-referrer"
        scripts = visit is not None and visit.scripts
        # Browsers hold where a form is redirected to against form-action as well.
        forms = f"form-action 'self' {visit.sends_to if visit is not None else ''}".rstrip()
        response.headers["Content-Security-Policy"] = f"{_WITH_SCRIPT if scripts else _POLICY}; {forms}"
        for cookie in visit.set_cookies() if visit is not None else ():
            response.headers.add("Set-Cookie", cookie)

    @web.middleware
    async def _for_people(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Show a problem as a page to those who asked for one; a log-in that is over leads to the log-in."""
        response = await handler(request)
        if response.content_type != PROBLEM_TYPE or not _wants_page(request):
            return response
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        problem = json.loads(response.body)
        visit = request.get(VISIT) or self._visit(request)
        if problem["code"] == LoggedOutError.code:
            return _to_log_in(request)
        page = visit.page("problem.html", problem=problem)
        page.set_status(response.status)
        for name in ("Retry-After", "Allow"):
            if name in response.headers:
                page.headers[name] = response.headers[name]
        return page


def _to_log_in(request: web.Request) -> web.Response:
    back = request.path_qs if request.method in {"GET", "HEAD"} else "/account"
    return web.Response(status=303, headers={"Location": f"/account/log-in?{urlencode({'next': back, 'why': 'over'})}"})


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")

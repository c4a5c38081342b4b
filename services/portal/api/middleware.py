"""Middleware of all pages: request context, security headers, cookies, error pages."""

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

from services.portal.api.context import PAGE_CONTEXT, PageContext, forwarded_headers
from services.portal.api.countries import country_name
from services.portal.api.csrf import CsrfProtection
from services.portal.api.static_files import StaticFiles
from services.portal.domain import SESSION, labels, security
from services.portal.errors import LoginRequiredError
from services.portal.service import BrowserSessions, UserSession
from shared.clock import Clock, monotonic
from shared.errors import ServiceError
from shared.web import PROBLEM_MEDIA_TYPE, RateLimit, client_address
from shared.web.errors import ReauthenticationRequiredError
from shared.web.rate_limits import TokenBuckets

FORM_RATE_LIMIT = RateLimit(30, timedelta(minutes=1), name="forms")
"""Rate limit per address for forms without a login. Those that say whether something is right count refusals only."""
_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_CSP_WITH_SCRIPTS = f"{_CSP}; script-src 'self'; connect-src 'self'"
_SECURITY_HEADERS = {
    # Not no-referrer: that makes browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}
_TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

PageHandler = Callable[[PageContext], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """One route: a page (GET) or a form (POST)."""

    method: str
    path: str
    handler: PageHandler
    limit: RateLimit | None = None
    is_public: bool = False
    """Whether the form is for visitors without a login, and acts for no session."""
    counts_failures: bool = False
    """Whether the limit counts refused forms only: a class of thirty signs up and logs in from one address."""


def page_route(path: str, handler: PageHandler) -> PageRoute:
    """Return the route of a page."""
    return PageRoute(method="GET", path=path, handler=handler)


def form_route(
    path: str, handler: PageHandler, *, limit: RateLimit | None = None, is_public: bool = False
) -> PageRoute:
    """Return the route of a form."""
    return PageRoute(method="POST", path=path, handler=handler, limit=limit, is_public=is_public)


def public_form_route(path: str, handler: PageHandler) -> PageRoute:
    """Return the route of a form for visitors without a login: guarded by its origin, refusals limited per address."""
    return PageRoute(
        method="POST", path=path, handler=handler, limit=FORM_RATE_LIMIT, is_public=True, counts_failures=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMiddleware:
    """Installs pages with their headers, cookies and error pages."""

    public_url: str
    clock: Clock
    csrf: CsrfProtection
    sessions: BrowserSessions
    static_files: StaticFiles
    page_views: bool = False
    """Whether the deployment counts page views."""
    start_step_up: PageHandler
    """Asks for a step-up, then continues with the request."""

    def install_pages(self, app: web.Application, pages: Iterable[PageRoute]) -> None:
        """Add *pages*, templates, static files and middleware to *app*."""
        aiohttp_jinja2.setup(
            app,
            loader=jinja2.PackageLoader("services.portal"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            filters={
                name: getattr(labels, name)
                for name in (
                    "format_datetime",
                    "format_date",
                    "format_money",
                    "format_size",
                    "humanize",
                    "format_range",
                )
            },
        )
        aiohttp_jinja2.get_env(app).globals.update(
            {
                "static": self.static_files.build_url,
                "labels": labels,
                "security": security,
                "country_name": country_name,
            }
        )
        app.middlewares.insert(
            0, self._render_problems
        )  # outermost, so that errors of the other middlewares are pages, too
        app.on_response_prepare.append(self._on_prepare)
        app.router.add_get("/static/{name}", self.static_files.serve_file)
        for page in pages:
            buckets = TokenBuckets(page.limit) if page.limit else None
            serve = partial(self._handle_page, page, buckets)
            if page.method == "GET":
                app.router.add_get(page.path, serve)  # HEAD, too
            else:
                app.router.add_route(page.method, page.path, serve)

    async def _handle_page(
        self, page: PageRoute, buckets: TokenBuckets | None, request: web.Request
    ) -> web.StreamResponse:
        if buckets is not None:
            buckets.hit(client_address(request), monotonic())
        context = request[PAGE_CONTEXT] = self._build_context(request)
        context.is_public_form = page.is_public
        try:
            response = await page.handler(context)
        except ServiceError as fault:
            if fault.code != ReauthenticationRequiredError.code or not _accepts_html(request):
                raise
            return await self.start_step_up(context)
        if buckets is not None and page.counts_failures and response.status < 400:
            buckets.give_back(client_address(request))
        return response

    def _build_context(self, request: web.Request) -> PageContext:
        now = self.clock()
        session = self.sessions.open(request.cookies.get(SESSION.browser_name(self.public_url)), now=now)
        forwarded = forwarded_headers(request.headers, client_address(request))
        user_session = UserSession(sessions=self.sessions, session=session, now=now, forwarded_headers=forwarded)
        return PageContext(
            request=request,
            now=now,
            public_url=self.public_url,
            csrf=self.csrf,
            user_session=user_session,
            page_views=self.page_views,
            _initial_session=session,
        )

    async def _on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add security headers and cookies to every response, errors included."""
        response.headers.update(_SECURITY_HEADERS)
        if self.public_url.startswith("https://"):
            response.headers.update(_TLS_HEADERS)
        context = request.get(PAGE_CONTEXT)
        if context is not None and context.is_path_secret:
            response.headers["Referrer-Policy"] = "no-referrer"
        scripts = context is not None and context.allows_scripts
        # Browsers also apply form-action to the redirect after a form.
        forms = f"form-action 'self' {context.form_action_source if context is not None else ''}".rstrip()
        response.headers["Content-Security-Policy"] = f"{_CSP_WITH_SCRIPTS if scripts else _CSP}; {forms}"
        for cookie in context.build_cookie_headers() if context is not None else ():
            response.headers.add("Set-Cookie", cookie)

    @web.middleware
    async def _render_problems(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Render problems as pages for clients that accept HTML; redirect to the login when it is required."""
        response = await handler(request)
        if response.content_type != PROBLEM_MEDIA_TYPE or not _accepts_html(request):
            return response
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        problem = json.loads(response.body)
        context = request.get(PAGE_CONTEXT) or self._build_context(request)
        if problem["code"] == LoginRequiredError.code:
            return _redirect_to_login(request)
        page = context.render("problem.html", problem=problem)
        page.set_status(response.status)
        for name in ("Retry-After", "Allow"):
            if name in response.headers:
                page.headers[name] = response.headers[name]
        return page


def _redirect_to_login(request: web.Request) -> web.Response:
    back = request.path_qs if request.method in {"GET", "HEAD"} else "/account"
    return web.Response(status=303, headers={"Location": f"/account/log-in?{urlencode({'next': back, 'why': 'over'})}"})


def _accepts_html(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")

"""The context of one request for a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp_jinja2
from aiohttp import web

from services.portal.api.csrf import CsrfProtection
from services.portal.domain import COUNTED_PAGES, SESSION, BrowserSession, Cookie, is_counting_refused
from services.portal.errors import CsrfTokenError, LoginRequiredError, MalformedFormError
from services.portal.service import UserSession
from shared.errors import ForbiddenError, ServiceError
from shared.ids import new_token
from shared.web import read_body
from shared.web.errors import ReauthenticationRequiredError

_MAX_FORM_SIZE = 2**16
_MAX_FIELDS = 200
STEP_UP_PATH = "/account/confirm"
RETURN_TO = "return_to"
SAVED_PREFIX = "saved."
"""The prefix of form fields that are saved in the step-up page."""
PASSWORD_FIELDS = frozenset({"password", "old_password"})
"""Fields that are never rendered again."""
_FORWARDED_HEADERS = ("User-Agent", "Sec-GPC", "DNT", "Accept-Language")

FormData = dict[str, str]
"""The fields of a submitted form."""


@dataclass(slots=True, kw_only=True)
class PageContext:
    """One request for a page."""

    request: web.Request
    now: datetime
    public_url: str
    csrf: CsrfProtection
    user_session: UserSession
    page_views: bool = False
    """Whether the deployment counts page views."""
    allows_scripts: bool = False
    """Whether the page may run our scripts; other pages run none."""
    form_action_source: str = ""
    """An additional form-action source of the content security policy."""
    is_path_secret: bool = False
    """Whether the path is a secret that must not leak through Referer."""
    is_public_form: bool = False
    """Whether the submitted form is for visitors without a login."""
    form_data: FormData = field(default_factory=dict)
    """The submitted form, once it was read."""
    _initial_session: BrowserSession | None
    _cookies: dict[Cookie, str | None] = field(default_factory=dict)

    @property
    def session(self) -> BrowserSession | None:
        """The session; None without a login."""
        return self.user_session.session

    def require_session(self) -> BrowserSession:
        """Return the session; LoginRequiredError without one."""
        if self.session is None:
            raise LoginRequiredError
        return self.session

    def require_kind(self, kind: str) -> BrowserSession:
        """Return the session; LoginRequiredError without one, ForbiddenError for another *kind* of account."""
        session = self.require_session()
        if session.kind != kind:
            raise ForbiddenError(f"This page requires a {kind} account.")
        return session

    def require_recent_login(self, kind: str) -> BrowserSession:
        """Return the session as ``require_kind`` does; ReauthenticationRequiredError for an old login.

        For pages that ask for a password, so that it is not typed in vain.
        """
        session = self.require_kind(kind)
        if not session.is_recent(self.now):
            raise ReauthenticationRequiredError
        return session

    def get_query(self, name: str) -> str:
        """Return a query parameter; empty when absent."""
        return self.request.query.get(name, "")

    def get_path_variable(self, variable: str) -> str:
        """Return a variable of the path."""
        return self.request.match_info[variable]

    async def read_form(self) -> FormData:
        """Return the form after the CSRF checks; the saved fields after a step-up."""
        typed = _parse_form(self.request.content_type, await read_body(self.request, limit=_MAX_FORM_SIZE))
        token = typed.pop("form_token", None)
        if self.is_public_form:
            # It acts for no session: a tab from before a log-in, or from yesterday, is as good as a new one.
            self.csrf.check_origin(self.request.headers)
        elif token is None:
            raise CsrfTokenError
        else:
            mark = self.session.csrf_id if self.session else ""
            self.csrf.check(self.request.headers, token, mark, now=self.now)
        if self.request.path != STEP_UP_PATH and RETURN_TO in typed:
            typed = {
                name.removeprefix(SAVED_PREFIX): value for name, value in typed.items() if name.startswith(SAVED_PREFIX)
            }
        self.form_data = typed
        return typed

    def render(
        self, template: str, *, fault: ServiceError | None = None, typed: Mapping[str, str] | None = None, **values: Any
    ) -> web.Response:
        """Render a page; with *fault* it shows the error, keeps *typed*, and has the status of the error."""
        if isinstance(fault, LoginRequiredError) or (
            fault is not None and fault.code == ReauthenticationRequiredError.code
        ):
            raise fault
        page = template.removesuffix(".html")
        counts_view = self.page_views and page in COUNTED_PAGES and not is_counting_refused(self.request.headers)
        self.allows_scripts = self.allows_scripts or counts_view
        context = {
            **values,
            "fault": fault,
            "typed": typed or {},
            "session": self.session,
            "path": self.request.path,
            "query": self.request.query,
            "public_url": self.public_url,
            "form_token": self._issue_form_token,
            "idempotency_key": lambda: new_token(128),
            "page": page,
            "counts_view": counts_view,
            "counts_page_views": self.page_views,
        }
        response = aiohttp_jinja2.render_template(template, self.request, context)
        if self.session is None:
            response.headers["Cache-Control"] = "private, no-cache"  # "back" shows what was typed
        if fault is not None:
            response.set_status(fault.status)
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
        return response

    def redirect(self, path: str, **query: str) -> web.Response:
        """Redirect to another page with GET (303)."""
        where = f"{path}?{urlencode(query)}" if query else path
        return web.Response(status=303, headers={"Location": where})

    def set_cookie(self, cookie: Cookie, value: str | None) -> None:
        """Set a registered cookie; None deletes it."""
        self._cookies[cookie] = value

    def get_cookie(self, cookie: Cookie) -> str | None:
        """Return the value of a cookie."""
        return self.request.cookies.get(cookie.browser_name(self.public_url))

    def build_cookie_headers(self) -> list[str]:
        """Return the Set-Cookie headers, also for errors: a refreshed token must not be lost."""
        if self.session != self._initial_session and (self.session is None or self.session.is_storable):
            sealed = self.user_session.sessions.seal(self.session, now=self.now) if self.session else None
            self.set_cookie(SESSION, sealed)
        elif self._initial_session is None and self.get_cookie(SESSION):
            self.set_cookie(SESSION, None)  # it no longer opens a session
        return [_build_cookie_header(cookie, value, self.public_url) for cookie, value in self._cookies.items()]

    def _issue_form_token(self) -> str:
        return self.csrf.issue_token(self.session.csrf_id if self.session else "", now=self.now)


PAGE_CONTEXT = web.RequestKey("page_context", PageContext)


def forwarded_headers(headers: Mapping[str, str], client: str) -> dict[str, str]:
    """Return the headers that the APIs receive: some of the visitor's, and the address that the edge saw.

    The address alone, never a chain: what a visitor wrote into X-Forwarded-For ends here. It is believed at the edge's
    door for frontends only, and is there for limits: without it all visitors of these pages would share one.
    """
    forwarded = {name: headers[name] for name in _FORWARDED_HEADERS if name in headers}
    return {**forwarded, "X-Forwarded-For": client} if client else forwarded


def without_passwords(typed: FormData) -> FormData:
    """Return the form without passwords, to show it again."""
    return {name: value for name, value in typed.items() if name not in PASSWORD_FIELDS}


def safe_redirect_path(path: str, default: str) -> str:
    """Return *path* if it is a path of this site, else *default*: prevents open redirects."""
    parts = urlsplit(path)
    plain = path.isascii() and path.isprintable() and "\\" not in path
    ours = not parts.scheme and not parts.netloc and path.startswith("/") and not path.startswith("//")
    return path if plain and ours else default


def _parse_form(content_type: str, raw: bytes) -> FormData:
    if content_type != "application/x-www-form-urlencoded":
        raise MalformedFormError
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as fault:
        raise MalformedFormError from fault
    return dict(pairs)


def _build_cookie_header(cookie: Cookie, value: str | None, public_url: str) -> str:
    max_age = timedelta(0) if value is None else cookie.lifetime
    return "; ".join(
        [
            f"{cookie.browser_name(public_url)}={value or ''}",
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            *(["Secure"] if public_url.startswith("https://") else []),
            *([] if max_age is None else [f"Max-Age={int(max_age.total_seconds())}"]),
        ]
    )

"""One visit of one page: what was asked, by whom, and the ways to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp_jinja2
from aiohttp import web

from services.portal.api.guard import Guard
from services.portal.domain import SESSION, Cookie, Session
from services.portal.errors import LoggedOutError, StaleFormError, UnreadableFormError
from services.portal.service import Visitor
from shared.errors import ForbiddenError, ServiceError
from shared.ids import new_token
from shared.web import read_body
from shared.web.errors import StaleLoginError

_LARGEST_FORM = 2**16
_MOST_FIELDS = 200
CONFIRM = "/account/confirm"
WANTED = "wanted"
KEPT = "kept."
"""A form that came too long after the log-in is kept under these names until its sender has confirmed it."""
PASSWORDS = frozenset({"password", "old_password"})
"""Fields that are never sent back to the page."""
_PASSED_ON = ("User-Agent", "Sec-GPC", "DNT", "Accept-Language")

Typed = dict[str, str]
"""What was typed into a form."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request for a page."""

    request: web.Request
    now: datetime
    public_url: str
    guard: Guard
    visitor: Visitor
    scripts: bool = False
    """Whether the page runs a script of ours; all others may run none."""
    sends_to: str = ""
    """Where a form of the page leads besides to us, as a source of the content security policy."""
    private_path: bool = False
    """Whether the address itself is a secret, which must not follow as Referer into the access log."""
    typed: Typed = field(default_factory=dict)
    """The form as it was sent, once it was read."""
    _was: Session | None
    _cookies: dict[Cookie, str | None] = field(default_factory=dict)

    @property
    def session(self) -> Session | None:
        """Who is logged in, if anybody."""
        return self.visitor.session

    def must_be_somebody(self) -> Session:
        """Return the session; LoggedOutError for nobody."""
        if self.session is None:
            raise LoggedOutError
        return self.session

    def must_be(self, kind: str) -> Session:
        """Return the session; LoggedOutError for nobody, ForbiddenError for somebody of another *kind*."""
        session = self.must_be_somebody()
        if session.kind != kind:
            raise ForbiddenError(f"This page is for a {kind} account.")
        return session

    def must_be_recent(self, kind: str) -> Session:
        """Return the session as ``must_be`` does; one that was confirmed long ago is confirmed first.

        For pages that ask for a password: it must not be typed in vain.
        """
        session = self.must_be(kind)
        if not session.is_recent(self.now):
            raise StaleLoginError
        return session

    def query(self, name: str) -> str:
        """Return a parameter of the address; empty when it is absent."""
        return self.request.query.get(name, "")

    def name(self, variable: str) -> str:
        """Return the variable part of the path."""
        return self.request.match_info[variable]

    async def form(self) -> Typed:
        """Return the form, once it is sure that a page of ours sent it for this very session."""
        typed = _parsed(self.request.content_type, await read_body(self.request, limit=_LARGEST_FORM))
        mark = self.session.mark if self.session else ""
        self.guard.check(self.request.headers, typed.pop("form_token", ""), mark, now=self.now)
        if self.request.path != CONFIRM and WANTED in typed:
            typed = {name.removeprefix(KEPT): value for name, value in typed.items() if name.startswith(KEPT)}
        self.typed = typed
        return typed

    def page(
        self, template: str, *, fault: ServiceError | None = None, typed: Mapping[str, str] | None = None, **shown: Any
    ) -> web.Response:
        """Return the page; with *fault* it says what was refused, keeps what was *typed*, and has its status."""
        if isinstance(fault, LoggedOutError) or (fault is not None and fault.code == StaleLoginError.code):
            raise fault
        context = {
            **shown,
            "fault": fault,
            "typed": typed or {},
            "session": self.session,
            "path": self.request.path,
            "query": self.request.query,
            "public_url": self.public_url,
            "form_token": self._form_token,
            "once": lambda: new_token(128),
        }
        response = aiohttp_jinja2.render_template(template, self.request, context)
        if self.session is None:
            response.headers["Cache-Control"] = "private, no-cache"  # "back" shows what was typed
        if fault is not None:
            response.set_status(fault.status)
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
        return response

    def to(self, path: str, **query: str) -> web.Response:
        """Send the browser to another page of ours, to be asked for with GET."""
        where = f"{path}?{urlencode(query)}" if query else path
        return web.Response(status=303, headers={"Location": where})

    def keep(self, cookie: Cookie, value: str | None) -> None:
        """Set a cookie of the register, or take it away."""
        self._cookies[cookie] = value

    def cookie(self, cookie: Cookie) -> str | None:
        """Return the value of a cookie."""
        return self.request.cookies.get(cookie.named(self.public_url))

    def set_cookies(self) -> list[str]:
        """Return the Set-Cookie headers of the answer, also of an error: a new token must not be lost to it."""
        if self.session != self._was and (self.session is None or self.session.can_be_kept):
            sealed = self.visitor.sessions.seal(self.session, now=self.now) if self.session else None
            self.keep(SESSION, sealed)
        elif self._was is None and self.cookie(SESSION):
            self.keep(SESSION, None)  # it opens no more
        return [_set_cookie(cookie, value, self.public_url) for cookie, value in self._cookies.items()]

    def _form_token(self) -> str:
        return self.guard.token(self.session.mark if self.session else "", now=self.now)


VISIT = web.RequestKey("visit", Visit)


def passed_on(headers: Mapping[str, str], client: str) -> dict[str, str]:
    """Return what the APIs get to see of the visitor: some headers, and the address that the edge saw.

    The address alone, never a chain: what a visitor wrote into X-Forwarded-For ends here. It is believed at the edge's
    door for frontends only, and is there for limits: without it all visitors of these pages would share one.
    """
    seen = {name: headers[name] for name in _PASSED_ON if name in headers}
    return {**seen, "X-Forwarded-For": client} if client else seen


def without_passwords(typed: Typed) -> Typed:
    """Return what was typed, but for passwords: no page shows one again."""
    return {name: value for name, value in typed.items() if name not in PASSWORDS}


def local_path(wanted: str, default: str) -> str:
    """Return *wanted* if it is a path of this site; a link must not lead to another one by way of our log-in."""
    parts = urlsplit(wanted)
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    ours = not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if plain and ours else default


def _parsed(content_type: str, raw: bytes) -> Typed:
    if content_type != "application/x-www-form-urlencoded":
        raise UnreadableFormError
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as fault:
        raise UnreadableFormError from fault
    typed = dict(pairs)
    if "form_token" not in typed:
        raise StaleFormError
    return typed


def _set_cookie(cookie: Cookie, value: str | None, public_url: str) -> str:
    lasts = timedelta(0) if value is None else cookie.lasts
    return "; ".join(
        [
            f"{cookie.named(public_url)}={value or ''}",
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            *(["Secure"] if public_url.startswith("https://") else []),
            *([] if lasts is None else [f"Max-Age={int(lasts.total_seconds())}"]),
        ]
    )

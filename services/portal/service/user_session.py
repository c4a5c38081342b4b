"""The session of one request: calls the APIs with the visitor's own token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.portal.domain.paths import build_path
from services.portal.domain.sessions import BrowserSession
from services.portal.errors import ApiProblemError, ApiUnavailableError, LoginRequiredError
from services.portal.ports.api_client import ApiRequest
from services.portal.service.sessions import BrowserLogin, BrowserSessions
from shared.errors import ServiceError

_SESSION_OVER_CODES = frozenset({"auth.credentials.required", "auth.access_token.invalid", "auth.session.revoked"})
Stream = AbstractAsyncContextManager[tuple[Mapping[str, str], AsyncIterator[bytes]]]


@dataclass(frozen=True, slots=True)
class PartialResult:
    """The result of one of several API requests: the answer, or the error."""

    answer: Any = None
    fault: ServiceError | None = None


@dataclass(slots=True, kw_only=True)
class UserSession:
    """The visitor of a request; *session* changes on login, refresh and logout."""

    sessions: BrowserSessions
    session: BrowserSession | None
    now: datetime
    forwarded_headers: Mapping[str, str]
    """Headers that are forwarded to the APIs: browser, privacy signals, client address."""
    _refresh_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def log_in(self, step: str, credentials: Mapping[str, Any], *, device_token: str | None) -> BrowserLogin:
        """Log in with *credentials*; end the browser's previous session."""
        known = {"device_token": device_token} if device_token else {}
        login = await self.sessions.log_in(step, {**credentials, **known}, forwarded_headers=self.forwarded_headers)
        before, self.session = self.session, login.session
        if before is not None:
            await self.end_session(before)
        return login

    async def step_up(self, credentials: Mapping[str, Any]) -> None:
        """Confirm the session, which makes its login recent."""
        reply = await self._request("POST", "/v1/identity/sessions/step-up", body=dict(credentials))
        session = self._require_session()
        self.session = _with_new_access_token(session, reply)

    def _require_session(self) -> BrowserSession:
        if self.session is None:
            raise LoginRequiredError
        return self.session

    async def log_out(self) -> None:
        """Log out everywhere; the cookie is deleted even when the API is unavailable."""
        session, self.session = self.session, None
        if session is not None:
            await self.end_session(session)

    async def end_session(self, session: BrowserSession) -> None:
        """End *session* everywhere. Idempotent."""
        try:
            if session.is_stale(self.now):
                session = await self.sessions.refresh_session(
                    session, now=self.now, forwarded_headers=self.forwarded_headers
                )
            await self.sessions.log_out(session, forwarded_headers=self.forwarded_headers)
        except LoginRequiredError:
            return

    async def get_public(self, path: str, *names: str, **query: str) -> Any:
        """GET without a token, so that a public page is the same for everyone."""
        return await self.sessions.api.request(
            ApiRequest(path=build_path(path, *names), query=query, headers=self.forwarded_headers)
        )

    async def post_public(self, path: str, body: object, *, idempotency_key: str | None = None) -> Any:
        """POST without a token."""
        return await self.sessions.api.request(
            ApiRequest(
                method="POST", path=path, body=body, idempotency_key=idempotency_key, headers=self.forwarded_headers
            )
        )

    async def get(self, path: str, *names: str, **query: str) -> Any:
        """GET with the visitor's token."""
        return await self._request("GET", build_path(path, *names), query=query)

    async def send(self, method: str, path: str, *names: str, **options: Any) -> Any:
        """Send a request with the visitor's token; *options*: body, query, idempotency_key."""
        return await self._request(method, build_path(path, *names), **options)

    async def open_stream(self, path: str, *names: str) -> Stream:
        """Open a streaming response."""
        session = await self._current_session()
        return self.sessions.api.open_stream(
            ApiRequest(path=build_path(path, *names), token=session.access_token, headers=self.forwarded_headers)
        )

    def open_public_stream(self, path: str, body: object) -> Stream:
        """POST without a token and open the streaming response."""
        return self.sessions.api.open_stream(
            ApiRequest(method="POST", path=path, body=body, headers=self.forwarded_headers)
        )

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        session = await self._current_session()
        try:
            return await self._request_once(session, method, path, options)
        except ApiProblemError as fault:
            if fault.code == "auth.access_token.expired":  # by the clock of another machine
                return await self._request_once(await self._refresh_if_stale(session), method, path, options)
            if fault.code in _SESSION_OVER_CODES:
                self.session = None
                raise LoginRequiredError from fault
            raise

    async def _request_once(self, session: BrowserSession, method: str, path: str, options: Mapping[str, Any]) -> Any:
        request = ApiRequest(
            method=method, path=path, token=session.access_token, headers=self.forwarded_headers, **options
        )
        return await self.sessions.api.request(request)

    async def _current_session(self) -> BrowserSession:
        session = self._require_session()
        return await self._refresh_if_stale(session) if session.is_stale(self.now) else session

    async def _refresh_if_stale(self, stale: BrowserSession) -> BrowserSession:
        async with self._refresh_lock:
            if self.session is not None and self.session != stale:
                return self.session
            try:
                self.session = await self.sessions.refresh_session(
                    stale, now=self.now, forwarded_headers=self.forwarded_headers
                )
            except LoginRequiredError:
                self.session = None
                raise
            return self.session


def _with_new_access_token(session: BrowserSession, reply: Any) -> BrowserSession:
    try:
        return BrowserSession.from_tokens(reply["access_token"], session.refresh_token, session.csrf_id)
    except (KeyError, TypeError, ValueError) as fault:
        raise ApiUnavailableError("The step-up returned an unexpected response.") from fault


async def gather_results(**requests: Awaitable[Any]) -> dict[str, PartialResult]:
    """Wait for all *requests*; an unavailable service does not affect the others."""
    found = await asyncio.gather(*requests.values(), return_exceptions=True)
    return {name: _to_result(outcome) for name, outcome in zip(requests, found, strict=True)}


def _to_result(result: Any) -> PartialResult:
    if isinstance(result, LoginRequiredError) or (
        isinstance(result, BaseException) and not isinstance(result, ServiceError)
    ):
        raise result
    return PartialResult(fault=result) if isinstance(result, ServiceError) else PartialResult(result)

"""Browser sessions in sealed cookies; concurrent requests of several tabs share one token refresh."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.portal.domain.paths import build_path
from services.portal.domain.sessions import COOKIE_LIFETIME, BrowserSession
from services.portal.errors import ApiProblemError, ApiUnavailableError, LoginRequiredError
from services.portal.ports.api_client import ApiClient, ApiRequest
from shared.crypto import InvalidTokenError, TokenSealer
from shared.ids import new_token, sha256_digest

_SEAL_KIND = "portal.session"
_REFRESH_RESULT_TTL = timedelta(minutes=2)
_MAX_REFRESH_RESULTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _PendingRefresh:
    task: asyncio.Task[BrowserSession]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class BrowserLogin:
    """A new session and the device token."""

    session: BrowserSession
    device_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSessions:
    """Creates, opens and ends browser sessions; nothing is stored on the server."""

    api: ApiClient
    token_sealer: TokenSealer
    _refreshing: dict[bytes, _PendingRefresh] = field(default_factory=dict)

    async def log_in(
        self, step: str, credentials: Mapping[str, Any], *, forwarded_headers: Mapping[str, str]
    ) -> BrowserLogin:
        """Log in with *credentials* at a *step* of identity's login; each login gets a new CSRF id."""
        path = f"/v1/identity/sessions{step}"
        reply = await self.api.request(
            ApiRequest(method="POST", path=path, body=dict(credentials), headers=forwarded_headers)
        )
        return BrowserLogin(_parse_session(reply, csrf_id=new_token(128)), reply.get("device_token"))

    async def log_out(self, session: BrowserSession, *, forwarded_headers: Mapping[str, str]) -> None:
        """End the session everywhere. Idempotent."""
        path = build_path("/v1/identity/sessions/{}", session.session_id)
        try:
            await self.api.request(
                ApiRequest(method="DELETE", path=path, token=session.access_token, headers=forwarded_headers)
            )
        except ApiProblemError as fault:
            if fault.status not in {401, 404}:
                raise

    def seal(self, session: BrowserSession, *, now: datetime) -> str:
        """Return the value of the cookie, sealed so that the tokens cannot be read."""
        claims = {"a": session.access_token, "r": session.refresh_token, "m": session.csrf_id}
        return self.token_sealer.issue(_SEAL_KIND, claims, expires_at=now + COOKIE_LIFETIME)

    def open(self, sealed: str | None, *, now: datetime) -> BrowserSession | None:
        """Return the session of a cookie; None when it is absent, altered, expired, or of another installation."""
        if not sealed:
            return None
        try:
            claims = self.token_sealer.open(_SEAL_KIND, sealed, at=now)
            return BrowserSession.from_tokens(claims["a"], claims["r"], claims["m"])
        except (InvalidTokenError, KeyError, ValueError):
            return None

    async def refresh_session(
        self, session: BrowserSession, *, now: datetime, forwarded_headers: Mapping[str, str]
    ) -> BrowserSession:
        """Return the session with new tokens; LoginRequiredError when it has ended.

        A refresh token works once, and reuse revokes the session. Concurrent requests with the same token share one
        refresh, and late requests with the old cookie get its result. When another replica refreshed first, identity
        returns an access token for this request only (decision 16).
        """
        self._drop_expired_refreshes(now)
        key = sha256_digest(session.refresh_token)
        found = self._refreshing.get(key)
        if found is None:
            done = asyncio.create_task(self._request_refresh(session, forwarded_headers), name="refresh-session")
            found = self._refreshing[key] = _PendingRefresh(task=done, started_at=now)
        try:
            # Shielded: a cancelled request must not lose the new tokens of the other tabs.
            return await asyncio.shield(found.task)
        except (ApiProblemError, ApiUnavailableError) as fault:
            self._refreshing.pop(key, None)
            if isinstance(fault, ApiProblemError) and fault.status in {400, 401}:
                raise LoginRequiredError from fault
            raise

    async def _request_refresh(self, session: BrowserSession, forwarded_headers: Mapping[str, str]) -> BrowserSession:
        # Tabs share one cookie, and the last response wins: a second refresh token could be the void one there.
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token, "on_reuse": "access_token"}
        reply = await self.api.request(
            ApiRequest(method="POST", path="/oauth/token", form=form, headers=forwarded_headers)
        )
        late = isinstance(reply, dict) and "refresh_token" not in reply
        return _parse_session({**reply, "refresh_token": ""} if late else reply, csrf_id=session.csrf_id)

    def _drop_expired_refreshes(self, now: datetime) -> None:
        for key, found in list(self._refreshing.items()):
            # Ordered by start: the first recent one ends the loop.
            if now - found.started_at < _REFRESH_RESULT_TTL and len(self._refreshing) <= _MAX_REFRESH_RESULTS:
                break
            if found.task.done():
                del self._refreshing[key]


def _parse_session(reply: Any, *, csrf_id: str) -> BrowserSession:
    try:
        return BrowserSession.from_tokens(reply["access_token"], reply["refresh_token"], csrf_id)
    except (KeyError, TypeError, ValueError) as fault:
        raise ApiUnavailableError("The login returned an unexpected response.") from fault

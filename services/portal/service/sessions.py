"""Sessions of browsers: begun at a log-in, kept in a sealed cookie, refreshed once however many tabs ask at a time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.portal.domain.addresses import at
from services.portal.domain.sessions import LIFETIME, Session
from services.portal.errors import ApiAwayError, LoggedOutError, RefusedError
from services.portal.ports import Ask, PublicApi
from shared.crypto import LinkRefusedError, Links
from shared.ids import digest, new_token

_KIND = "portal.session"
_KEPT = timedelta(minutes=2)
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refreshing:
    done: asyncio.Task[Session]
    since: datetime


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session, and what this device is known by at its next log-in."""

    session: Session
    device_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Begins, keeps and ends the sessions of browsers; nothing of them is stored here."""

    api: PublicApi
    links: Links
    _refreshing: dict[bytes, _Refreshing] = field(default_factory=dict)

    async def log_in(self, step: str, proof: Mapping[str, Any], *, passing: Mapping[str, str]) -> LoggedIn:
        """Log in by *proof*, at a *step* below the sessions of identity; each log-in is a session under a new mark."""
        path = f"/v1/identity/sessions{step}"
        given = await self.api.ask(Ask(method="POST", path=path, body=dict(proof), headers=passing))
        return LoggedIn(_session(given, mark=new_token(128)), given.get("device_token"))

    async def log_out(self, session: Session, *, passing: Mapping[str, str]) -> None:
        """End the session everywhere; one that has ended already is as good."""
        path = at("/v1/identity/sessions/{}", session.session_id)
        try:
            await self.api.ask(Ask(method="DELETE", path=path, token=session.access, headers=passing))
        except RefusedError as fault:
            if fault.status not in {401, 404}:
                raise

    def seal(self, session: Session, *, now: datetime) -> str:
        """Return the value of the cookie: sealed, so that whoever finds it reads no token in it."""
        claims = {"a": session.access, "r": session.refresh, "m": session.mark}
        return self.links.make(_KIND, claims, expires_at=now + LIFETIME)

    def open(self, sealed: str | None, *, now: datetime) -> Session | None:
        """Return the session in a cookie; None for one that is absent, altered, too old, or of another installation."""
        if not sealed:
            return None
        try:
            claims = self.links.read(_KIND, sealed, at=now)
            return Session.of(claims["a"], claims["r"], claims["m"])
        except (LinkRefusedError, KeyError, ValueError):
            return None

    async def fresh(self, session: Session, *, now: datetime, passing: Mapping[str, str]) -> Session:
        """Return the session with new tokens; LoggedOutError when it is over.

        A refresh token works once, and using it twice ends the session. So requests of two tabs that bring the same one
        share one refresh, and a request that was under way with the old cookie gets what the others got. Where another
        process of the portal was first, identity gives an access token for this request alone (decision 7).
        """
        self._forget(now)
        key = digest(session.refresh)
        found = self._refreshing.get(key)
        if found is None:
            done = asyncio.create_task(self._refresh(session, passing), name="refresh-session")
            found = self._refreshing[key] = _Refreshing(done=done, since=now)
        try:
            # Shielded: a visitor who leaves must not take the new tokens from the other tab.
            return await asyncio.shield(found.done)
        except (RefusedError, ApiAwayError) as fault:
            self._refreshing.pop(key, None)
            if isinstance(fault, RefusedError) and fault.status in {400, 401}:
                raise LoggedOutError from fault
            raise

    async def _refresh(self, session: Session, passing: Mapping[str, str]) -> Session:
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh}
        given = await self.api.ask(Ask(method="POST", path="/oauth/token", form=form, headers=passing))
        late = isinstance(given, dict) and "refresh_token" not in given
        return _session({**given, "refresh_token": ""} if late else given, mark=session.mark)

    def _forget(self, now: datetime) -> None:
        for key, found in list(self._refreshing.items()):
            # In the order of their beginning: the first that is young enough ends the search.
            if now - found.since < _KEPT and len(self._refreshing) <= _MOST_KEPT:
                break
            if found.done.done():
                del self._refreshing[key]


def _session(given: Any, *, mark: str) -> Session:
    try:
        return Session.of(given["access_token"], given["refresh_token"], mark)
    except (KeyError, TypeError, ValueError) as fault:
        raise ApiAwayError("The log-in was answered in a way that this page does not understand.") from fault

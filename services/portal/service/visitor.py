"""One visitor during one request: asks the APIs with their own token, so a page can do no more than an app."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.portal.domain.addresses import at
from services.portal.domain.sessions import Session
from services.portal.errors import ApiAwayError, LoggedOutError, RefusedError
from services.portal.ports import Ask
from services.portal.service.sessions import LoggedIn, Sessions
from shared.errors import ServiceError

_OVER = frozenset({"auth.required", "auth.token_refused", "auth.session_ended"})
Stream = AbstractAsyncContextManager[tuple[Mapping[str, str], AsyncIterator[bytes]]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one of several questions gave: its answer, or why there is none."""

    answer: Any = None
    fault: ServiceError | None = None


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Who visits; *session* changes when it is begun, refreshed or ended during the request."""

    sessions: Sessions
    session: Session | None
    now: datetime
    passing: Mapping[str, str]
    """Headers that the APIs get: which browser it is, whether it asks not to be tracked, where it comes from."""
    _fresh: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def log_in(self, step: str, proof: Mapping[str, Any], *, device_token: str | None) -> LoggedIn:
        """Begin a session by *proof*; one that this browser had ends."""
        known = {"device_token": device_token} if device_token else {}
        begun = await self.sessions.log_in(step, {**proof, **known}, passing=self.passing)
        before, self.session = self.session, begun.session
        if before is not None:
            await self.end(before)
        return begun

    async def step_up(self, proof: Mapping[str, Any]) -> None:
        """Confirm the session: from now on its log-in is as good as new."""
        given = await self._asked("POST", "/v1/identity/sessions/step-up", body=dict(proof))
        session = self._logged_in()
        self.session = _renewed(session, given)

    def _logged_in(self) -> Session:
        if self.session is None:
            raise LoggedOutError
        return self.session

    async def log_out(self) -> None:
        """End the session everywhere; it is forgotten here even when the platform cannot be reached."""
        session, self.session = self.session, None
        if session is not None:
            await self.end(session)

    async def end(self, session: Session) -> None:
        """End *session* everywhere; one that is over already is as good."""
        try:
            if session.is_stale(self.now):
                session = await self.sessions.fresh(session, now=self.now, passing=self.passing)
            await self.sessions.log_out(session, passing=self.passing)
        except LoggedOutError:
            return

    async def look(self, path: str, *names: str, **query: str) -> Any:
        """Read something public, without a token: a page that all may see is the same for all."""
        return await self.sessions.api.ask(Ask(path=at(path, *names), query=query, headers=self.passing))

    async def tell(self, path: str, body: object, *, once: str | None = None) -> Any:
        """Send something that needs no log-in."""
        return await self.sessions.api.ask(Ask(method="POST", path=path, body=body, once=once, headers=self.passing))

    async def read(self, path: str, *names: str, **query: str) -> Any:
        """Read something with the visitor's token."""
        return await self._asked("GET", at(path, *names), query=query)

    async def send(self, method: str, path: str, *names: str, **what: Any) -> Any:
        """Do something with the visitor's token: *body*, *query*; *once* makes a repetition of the form harmless."""
        return await self._asked(method, at(path, *names), **what)

    async def stream(self, path: str, *names: str) -> Stream:
        """Return a long answer, to be passed on piece by piece."""
        session = await self._current()
        return self.sessions.api.stream(Ask(path=at(path, *names), token=session.access, headers=self.passing))

    async def _asked(self, method: str, path: str, **what: Any) -> Any:
        session = await self._current()
        try:
            return await self._ask(session, method, path, what)
        except RefusedError as fault:
            if fault.code == "auth.token_expired":  # by the clock of another machine
                return await self._ask(await self._refreshed(session), method, path, what)
            if fault.code in _OVER:
                self.session = None
                raise LoggedOutError from fault
            raise

    async def _ask(self, session: Session, method: str, path: str, what: Mapping[str, Any]) -> Any:
        ask = Ask(method=method, path=path, token=session.access, headers=self.passing, **what)
        return await self.sessions.api.ask(ask)

    async def _current(self) -> Session:
        session = self._logged_in()
        return await self._refreshed(session) if session.is_stale(self.now) else session

    async def _refreshed(self, stale: Session) -> Session:
        async with self._fresh:
            if self.session is not None and self.session != stale:
                return self.session
            try:
                self.session = await self.sessions.fresh(stale, now=self.now, passing=self.passing)
            except LoggedOutError:
                self.session = None
                raise
            return self.session


def _renewed(session: Session, given: Any) -> Session:
    try:
        return Session.of(given["access_token"], session.refresh, session.mark)
    except (KeyError, TypeError, ValueError) as fault:
        raise ApiAwayError("The step-up was answered in a way that this page does not understand.") from fault


async def parts(**questions: Awaitable[Any]) -> dict[str, Part]:
    """Wait for all *questions*; a part of the platform that does not answer takes nothing else from the page."""
    found = await asyncio.gather(*questions.values(), return_exceptions=True)
    return {name: _part(outcome) for name, outcome in zip(questions, found, strict=True)}


def _part(outcome: Any) -> Part:
    if isinstance(outcome, LoggedOutError) or (
        isinstance(outcome, BaseException) and not isinstance(outcome, ServiceError)
    ):
        raise outcome
    return Part(fault=outcome) if isinstance(outcome, ServiceError) else Part(outcome)

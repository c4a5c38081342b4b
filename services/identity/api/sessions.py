"""Log-in, and the sessions that the owner can see and end (C22)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from services.identity.api.fields import ANY_PERSON, Email, Password
from services.identity.errors import (
    LogInRefusedError,
    PasswordsBusyError,
    SessionNotFoundError,
    TooManyLogInsError,
)
from services.identity.service.app_passwords import Devices
from services.identity.service.log_ins import LogIns
from services.identity.service.sessions import LiveSessions
from shared.clock import rfc3339
from shared.mail import InvalidAddressError
from shared.web import PUBLIC, Body, Call, Query, RateLimit, Route, View, delete, get, post


class LogInBody(Body):
    """Who logs in."""

    email: Email
    password: Password


class WhichQuery(Query):
    """Which sessions to end: those but this one, all, or all together with the app passwords."""

    which: Literal["others", "all", "everything"]


class GrantedView(View):
    """A new session and its tokens."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int
    refresh_token: str
    session_id: str
    account_id: str


class SessionView(View):
    """One session."""

    session_id: str
    client: str
    current: bool
    created_at: str
    last_seen_at: str


class SessionsView(View):
    """The sessions of the account, the one seen last first."""

    items: list[SessionView]


class EndedView(View):
    """How many were ended."""

    sessions: int
    app_passwords: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsApi:
    """The handlers."""

    log_ins: LogIns
    live: LiveSessions
    devices: Devices
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity/sessions"
        return (
            post(
                root,
                self.log_in,
                access=PUBLIC,
                status=201,
                limit=RateLimit(self.requests_a_minute, timedelta(minutes=1)),
                errors=(LogInRefusedError, TooManyLogInsError, PasswordsBusyError, InvalidAddressError),
            ),
            get(root, self.list_sessions, access=ANY_PERSON),
            delete(root, self.end_sessions, access=ANY_PERSON),
            delete(
                f"{root}/{{session_id}}",
                self.end_session,
                access=ANY_PERSON,
                status=204,
                errors=(SessionNotFoundError,),
            ),
        )

    async def log_in(self, call: Call, body: LogInBody) -> GrantedView:
        """Log in with address and password."""
        agent = call.header("User-Agent") or ""
        granted = await self.log_ins.log_in(body.email, body.password, user_agent=agent, at=call.now)
        return GrantedView(
            access_token=granted.access_token,
            expires_in=granted.expires_in,
            refresh_token=granted.refresh_token,
            session_id=granted.session_id,
            account_id=granted.account_id,
        )

    async def list_sessions(self, call: Call) -> SessionsView:
        """List the own sessions."""
        return SessionsView(
            items=[
                SessionView(
                    session_id=session.id,
                    client=session.client,
                    current=session.id == call.who.session,
                    created_at=rfc3339(session.created_at),
                    last_seen_at=rfc3339(session.last_seen_at),
                )
                for session in await self.live.of(call.who.id)
            ]
        )

    async def end_session(self, call: Call) -> None:
        """End one session; "current" is the one that asks: that is a log-out."""
        wanted = call.path["session_id"]
        session_id = call.who.session if wanted == "current" else wanted
        await self.live.end(call.who.id, session_id, at=call.now)

    async def end_sessions(self, call: Call, query: WhichQuery) -> EndedView:
        """End the other sessions, all sessions, or everything: all sessions and all app passwords."""
        but = call.who.session if query.which == "others" else None
        revoked = await self.devices.revoke_of(call.who.id, at=call.now) if query.which == "everything" else 0
        ended = await self.live.end_of(call.who.id, but=but, at=call.now)
        return EndedView(sessions=ended, app_passwords=revoked)

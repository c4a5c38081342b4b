"""The sessions that the owner can see and end (C22)."""

from dataclasses import dataclass
from typing import Literal

from services.identity.api.fields import ANY_PERSON
from services.identity.errors import SessionNotFoundError
from services.identity.service.app_passwords import Devices
from services.identity.service.sessions import LiveSessions
from shared.clock import rfc3339
from shared.web import Call, Query, Route, View, delete, get


class WhichQuery(Query):
    """Which sessions to end: those but this one, all, or all together with the app passwords."""

    which: Literal["others", "all", "everything"]


class SessionView(View):
    """One session."""

    session_id: str
    client: str
    current: bool
    place: str
    """The country that it began in (ISO 3166-1, two letters), or empty; the address itself is not kept (C01)."""
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

    live: LiveSessions
    devices: Devices

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity/sessions"
        return (
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

    async def list_sessions(self, call: Call) -> SessionsView:
        """List the own sessions."""
        return SessionsView(
            items=[
                SessionView(
                    session_id=session.id,
                    client=session.client,
                    place=session.place,
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

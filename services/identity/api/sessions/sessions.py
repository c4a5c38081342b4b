"""Sessions of the caller (C22)."""

from dataclasses import dataclass
from typing import Literal

from services.identity.api.fields import ANY_PERSON
from services.identity.errors import SessionNotFoundError
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from shared.clock import rfc3339
from shared.web import Query, RequestContext, Route, Timestamp, View, delete, get


class RevokeSessionsQuery(Query):
    """Which sessions to revoke: all others, all, or everything (all sessions and app passwords)."""

    which: Literal["others", "all", "everything"]


class SessionView(View):
    """A session."""

    session_id: str
    client: str
    current: bool
    country: str
    """Country of the login (ISO 3166-1 alpha-2) or empty. The IP address is not stored (C01)."""
    created_at: Timestamp
    last_seen_at: Timestamp


class SessionsView(View):
    """Your sessions, the last used first."""

    items: list[SessionView]


class RevokedSessionsView(View):
    """How many were revoked."""

    revoked_sessions: int
    revoked_app_passwords: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsApi:
    """HTTP handlers of sessions."""

    session_service: SessionService
    app_password_service: AppPasswordService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity/sessions"
        return (
            get(root, self.list_sessions, access=ANY_PERSON),
            delete(root, self.revoke_sessions, access=ANY_PERSON),
            delete(
                f"{root}/{{session_id}}",
                self.revoke_session,
                access=ANY_PERSON,
                status=204,
                errors=(SessionNotFoundError,),
            ),
        )

    async def list_sessions(self, call: RequestContext) -> SessionsView:
        """List your sessions."""
        return SessionsView(
            items=[
                SessionView(
                    session_id=session.id,
                    client=session.client,
                    country=session.country,
                    current=session.id == call.principal.session,
                    created_at=rfc3339(session.created_at),
                    last_seen_at=rfc3339(session.last_seen_at),
                )
                for session in await self.session_service.list_by_account(call.principal.id)
            ]
        )

    async def revoke_session(self, call: RequestContext) -> None:
        """Revoke a session. The id "current" is the session of the request, which logs it out."""
        wanted = call.path["session_id"]
        session_id = call.principal.session if wanted == "current" else wanted
        await self.session_service.revoke(call.principal.id, session_id, at=call.now)

    async def revoke_sessions(self, call: RequestContext, query: RevokeSessionsQuery) -> RevokedSessionsView:
        """Revoke your other sessions, all sessions, or all sessions and app passwords."""
        kept_session_id = call.principal.session if query.which == "others" else None
        revoked = (
            await self.app_password_service.revoke_all(call.principal.id, at=call.now)
            if query.which == "everything"
            else 0
        )
        ended = await self.session_service.revoke_all(call.principal.id, except_session_id=kept_session_id, at=call.now)
        return RevokedSessionsView(revoked_sessions=ended, revoked_app_passwords=revoked)

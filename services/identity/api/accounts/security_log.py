"""The security log of the caller's account."""

from dataclasses import dataclass

from services.identity.api.fields import ANY_PERSON
from services.identity.service.accounts.profile import SecurityLogService
from shared.clock import rfc3339
from shared.web import CursorPage, PageQuery, Paginator, RequestContext, Route, View, get


class SecurityEventView(View):
    """A security event."""

    at: str
    event: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLogApi:
    """HTTP handlers of the security log."""

    security_log: SecurityLogService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path = "/v1/identity/security-log"
        return (get(path, self.list_security_events, access=ANY_PERSON, replies=CursorPage[SecurityEventView]),)

    async def list_security_events(self, call: RequestContext, query: PageQuery) -> CursorPage[SecurityEventView]:
        """List the security events of your account in the last 180 days, newest first."""
        found = await self.security_log.list_page(
            call.principal.id, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=lambda event: SecurityEventView(at=rfc3339(event.at), event=event.kind.value, client=event.client),
            position=self.security_log.encode_position,
        )

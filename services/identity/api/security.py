"""The security log of the own account."""

from dataclasses import dataclass

from services.identity.api.fields import ANY_PERSON
from services.identity.service.security_log import SecurityLog
from shared.clock import rfc3339
from shared.web import Call, Page, PageQuery, Pages, Route, View, get


class SecurityEventView(View):
    """One thing that happened to the account."""

    at: str
    event: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityApi:
    """The handlers."""

    log: SecurityLog
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path = "/v1/identity/security-log"
        return (get(path, self.read_security_log, access=ANY_PERSON, replies=Page[SecurityEventView]),)

    async def read_security_log(self, call: Call, query: PageQuery) -> Page[SecurityEventView]:
        """Read what happened to the own account in the last 180 days, the newest first."""
        found = await self.log.page(call.who.id, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call,
            query,
            found,
            view=lambda event: SecurityEventView(at=rfc3339(event.at), event=event.kind.value, client=event.client),
            position=self.log.position,
        )

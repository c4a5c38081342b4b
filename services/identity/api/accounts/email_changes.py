"""Changes of the email address: requested, confirmed at the new address, reverted from the old one."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER, Email, EmailToken, RequestAcceptedView
from services.identity.errors import (
    AccountNotFoundError,
    InvalidEmailChangeTokenError,
)
from services.identity.service.accounts.email_change import EmailChangeService
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, post


class EmailChangeBody(JsonBody):
    """Where the account is to move."""

    email: Email


class EmailChangeTokenBody(JsonBody):
    """The link of the mail."""

    token: EmailToken


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangesApi:
    """The handlers."""

    email_change_service: EmailChangeService
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, limit = "/v1/identity", RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        return (
            post(
                f"{root}/email-changes",
                self.request_email_change,
                access=RECENT_LOGIN_CUSTOMER,
                status=202,
                limit=limit,
                errors=(InvalidEmailAddressError, AccountNotFoundError),
            ),
            post(
                f"{root}/email-changes/confirmations",
                self.confirm_email_change,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(InvalidEmailChangeTokenError,),
            ),
            post(
                f"{root}/email-changes/reversals",
                self.revert_email_change,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(InvalidEmailChangeTokenError,),
            ),
        )

    async def request_email_change(self, call: RequestContext, body: EmailChangeBody) -> RequestAcceptedView:
        """Ask for another address; it changes once a link there has proven it."""
        agent = call.get_header("User-Agent") or ""
        await self.email_change_service.request(call.principal.id, body.email, user_agent=agent, at=call.now)
        return RequestAcceptedView()

    async def confirm_email_change(self, call: RequestContext, body: EmailChangeTokenBody) -> None:
        """Prove the new address by the link of the mail, once; the old one is told and can undo it for seven days."""
        await self.email_change_service.confirm(body.token, at=call.now)

    async def revert_email_change(self, call: RequestContext, body: EmailChangeTokenBody) -> None:
        """Bring the account back to its old address; all sessions and app passwords end."""
        await self.email_change_service.revert(body.token, at=call.now)

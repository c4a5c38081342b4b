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
    """The new email address."""

    email: Email


class EmailChangeTokenBody(JsonBody):
    """The token of the link."""

    token: EmailToken


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangesApi:
    """HTTP handlers of email changes."""

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
        """Request a change of your email address. It takes effect when you open the link sent to the new address."""
        agent = call.get_header("User-Agent") or ""
        await self.email_change_service.request(call.principal.id, body.email, user_agent=agent, at=call.now)
        return RequestAcceptedView()

    async def confirm_email_change(self, call: RequestContext, body: EmailChangeTokenBody) -> None:
        """Confirm the new address with the token of the link, once. The old address can revert it for seven days."""
        await self.email_change_service.confirm(body.token, at=call.now)

    async def revert_email_change(self, call: RequestContext, body: EmailChangeTokenBody) -> None:
        """Revert to the old address. All sessions and app passwords are revoked."""
        await self.email_change_service.revert(body.token, at=call.now)

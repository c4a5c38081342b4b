"""What owners change: the password, known or forgotten, and the address."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER, Email, EmailToken, Password
from services.identity.errors import (
    AccountNotFoundError,
    IncorrectPasswordError,
    InvalidEmailChangeTokenError,
    InvalidPasswordResetTokenError,
    PasswordHashingBusyError,
    PasswordNotAcceptableError,
    TooManyLoginAttemptsError,
)
from services.identity.service.accounts.email_change import EmailChangeService
from services.identity.service.authentication.password_change import PasswordChangeService, PasswordResetService
from shared.clock import rfc3339
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, View, post


class PasswordChangeBody(JsonBody):
    """The old password and the new one."""

    old_password: Password
    new_password: Password


class PasswordResetRequestBody(JsonBody):
    """Whose password is forgotten."""

    email: Email


class PasswordResetBody(JsonBody):
    """The link of the mail, and the new password."""

    token: EmailToken
    password: Password


class EmailChangeBody(JsonBody):
    """Where the account is to move."""

    email: Email


class EmailChangeTokenBody(JsonBody):
    """The link of the mail."""

    token: EmailToken


class RemainingAppPasswordView(View):
    """An app password that goes on; revoke it if its device may be in other hands."""

    app_password_id: str
    label: str
    last_used_at: str | None


class PasswordChangedView(View):
    """What became of the rest."""

    revoked_sessions: int
    app_passwords: Annotated[list[RemainingAppPasswordView], Field(description="they go on until they are revoked")]


class RequestAcceptedView(View):
    """The same for every address."""

    message: str = "If that can be done, we have written to this address. Open the link in the mail to go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangesApi:
    """The handlers."""

    password_change_service: PasswordChangeService
    password_reset_service: PasswordResetService
    email_change_service: EmailChangeService
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, limit = "/v1/identity", RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        return (
            post(
                f"{root}/password-changes",
                self.change_password,
                access=RECENT_LOGIN_CUSTOMER,
                limit=limit,
                errors=(
                    IncorrectPasswordError,
                    PasswordNotAcceptableError,
                    TooManyLoginAttemptsError,
                    PasswordHashingBusyError,
                ),
            ),
            post(
                f"{root}/password-resets",
                self.request_password_reset,
                access=PUBLIC,
                status=202,
                limit=limit,
                errors=(InvalidEmailAddressError,),
            ),
            post(
                f"{root}/password-resets/confirmations",
                self.confirm_password_reset,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(InvalidPasswordResetTokenError, PasswordNotAcceptableError, PasswordHashingBusyError),
            ),
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

    async def change_password(self, call: RequestContext, body: PasswordChangeBody) -> PasswordChangedView:
        """Change the own password; all other sessions end, and the owner is told by mail."""
        done = await self.password_change_service.change_password(
            call.principal.id, call.principal.session, body.old_password, body.new_password, at=call.now
        )
        return PasswordChangedView(
            revoked_sessions=done.revoked_sessions,
            app_passwords=[
                RemainingAppPasswordView(
                    app_password_id=one.id,
                    label=one.label,
                    last_used_at=rfc3339(one.last_used_at) if one.last_used_at else None,
                )
                for one in done.app_passwords
            ],
        )

    async def request_password_reset(self, call: RequestContext, body: PasswordResetRequestBody) -> RequestAcceptedView:
        """Ask for a link that sets a new password; the answer is the same whether or not there is an account."""
        await self.password_reset_service.request(body.email, at=call.now)
        return RequestAcceptedView()

    async def confirm_password_reset(self, call: RequestContext, body: PasswordResetBody) -> None:
        """Set a new password by the link of the mail, once; every session ends, and nobody is logged in by it."""
        await self.password_reset_service.reset_password(body.token, body.password, at=call.now)

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

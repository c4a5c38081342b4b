"""Password changes and resets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER, Email, EmailToken, Password, RequestAcceptedView
from services.identity.errors import (
    AccountFrozenError,
    IncorrectPasswordError,
    InvalidPasswordResetTokenError,
    PasswordHashingBusyError,
    PasswordNotAcceptableError,
    TooManyLoginAttemptsError,
)
from services.identity.service.authentication.password_change import PasswordChangeService
from services.identity.service.authentication.password_reset import PasswordResetService
from shared.clock import rfc3339
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, Timestamp, View, post


class PasswordChangeBody(JsonBody):
    """The current password and the new one."""

    old_password: Password
    new_password: Password


class PasswordResetRequestBody(JsonBody):
    """The address of the account."""

    email: Email


class PasswordResetBody(JsonBody):
    """The token of the link, and the new password."""

    token: EmailToken
    password: Password


class RemainingAppPasswordView(View):
    """An app password that stays valid. Revoke it if its device was lost."""

    app_password_id: str
    label: str
    last_used_at: Timestamp | None


class PasswordResetLookupBody(JsonBody):
    """The token of the link in the email."""

    token: EmailToken


class PasswordResetView(View):
    """The address to which the link was sent."""

    email: str


class PasswordChangedView(View):
    """How many other sessions were revoked, and the app passwords that stay valid."""

    revoked_sessions: int
    app_passwords: Annotated[list[RemainingAppPasswordView], Field(description="valid until you revoke them")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangesApi:
    """HTTP handlers of password changes and resets."""

    password_change_service: PasswordChangeService
    password_reset_service: PasswordResetService
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
                f"{root}/password-resets/lookups",
                self.get_password_reset,
                access=PUBLIC,
                limit=limit,
                errors=(InvalidPasswordResetTokenError,),
            ),
            post(
                f"{root}/password-resets/confirmations",
                self.confirm_password_reset,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(
                    InvalidPasswordResetTokenError,
                    AccountFrozenError,
                    PasswordNotAcceptableError,
                    PasswordHashingBusyError,
                ),
            ),
        )

    async def change_password(self, call: RequestContext, body: PasswordChangeBody) -> PasswordChangedView:
        """Change your password. All other sessions are revoked, and you are notified by email."""
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
        """Request a password reset link. The response is the same whether or not there is an account."""
        await self.password_reset_service.request(body.email, at=call.now)
        return RequestAcceptedView()

    async def get_password_reset(self, call: RequestContext, body: PasswordResetLookupBody) -> PasswordResetView:
        """Get the address of a reset link, so that a password manager stores the new password under it.

        The token is not used.
        """
        return PasswordResetView(email=await self.password_reset_service.find_email(body.token, at=call.now))

    async def confirm_password_reset(self, call: RequestContext, body: PasswordResetBody) -> None:
        """Set a new password with the token of the link, once. All sessions are revoked; you are not logged in."""
        await self.password_reset_service.reset_password(body.token, body.password, at=call.now)

"""Password changes and resets."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER, Email, EmailToken, Password, RequestAcceptedView
from services.identity.errors import (
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


class RemainingAppPasswordView(View):
    """An app password that goes on; revoke it if its device may be in other hands."""

    app_password_id: str
    label: str
    last_used_at: str | None


class PasswordChangedView(View):
    """What became of the rest."""

    revoked_sessions: int
    app_passwords: Annotated[list[RemainingAppPasswordView], Field(description="they go on until they are revoked")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangesApi:
    """The handlers."""

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
                f"{root}/password-resets/confirmations",
                self.confirm_password_reset,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(InvalidPasswordResetTokenError, PasswordNotAcceptableError, PasswordHashingBusyError),
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

"""What owners change: the password, known or forgotten, and the address."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.api.fields import FRESH_CUSTOMER, Email, MailedToken, Password
from services.identity.errors import (
    AccountNotFoundError,
    AddressChangeRefusedError,
    PasswordRefusedError,
    PasswordResetRefusedError,
    PasswordsBusyError,
    TooManyLogInsError,
    WrongPasswordError,
)
from services.identity.service.address_changes import AddressDesk
from services.identity.service.password_changes import PasswordChanges, ResetDesk
from shared.clock import rfc3339
from shared.mail import InvalidAddressError
from shared.web import PUBLIC, Body, Call, RateLimit, Route, View, post


class PasswordChangeBody(Body):
    """The old password and the new one."""

    old_password: Password
    new_password: Password


class ForgottenBody(Body):
    """Whose password is forgotten."""

    email: Email


class ResetBody(Body):
    """The link of the mail, and the new password."""

    token: MailedToken
    password: Password


class NewAddressBody(Body):
    """Where the account is to move."""

    email: Email


class TokenBody(Body):
    """The link of the mail."""

    token: MailedToken


class KeptAppPasswordView(View):
    """An app password that goes on; revoke it if its device may be in other hands."""

    app_password_id: str
    label: str
    last_used_at: str | None


class PasswordChangedView(View):
    """What became of the rest."""

    sessions_ended: int
    app_passwords: Annotated[list[KeptAppPasswordView], Field(description="they go on until they are revoked")]


class WrittenView(View):
    """The same for every address."""

    message: str = "If that can be done, we have written to this address. Open the link in the mail to go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesApi:
    """The handlers."""

    passwords: PasswordChanges
    resets: ResetDesk
    addresses: AddressDesk
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, limit = "/v1/identity", RateLimit(self.requests_a_minute, timedelta(minutes=1))
        return (
            post(
                f"{root}/password-changes",
                self.change_password,
                access=FRESH_CUSTOMER,
                limit=limit,
                errors=(WrongPasswordError, PasswordRefusedError, TooManyLogInsError, PasswordsBusyError),
            ),
            post(
                f"{root}/password-resets",
                self.forget_password,
                access=PUBLIC,
                status=202,
                limit=limit,
                errors=(InvalidAddressError,),
            ),
            post(
                f"{root}/password-resets/completions",
                self.reset_password,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(PasswordResetRefusedError, PasswordRefusedError, PasswordsBusyError),
            ),
            post(
                f"{root}/address-changes",
                self.change_address,
                access=FRESH_CUSTOMER,
                status=202,
                limit=limit,
                errors=(InvalidAddressError, AccountNotFoundError),
            ),
            post(
                f"{root}/address-changes/confirmations",
                self.confirm_address,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(AddressChangeRefusedError,),
            ),
            post(
                f"{root}/address-changes/undoings",
                self.undo_address_change,
                access=PUBLIC,
                status=204,
                limit=limit,
                errors=(AddressChangeRefusedError,),
            ),
        )

    async def change_password(self, call: Call, body: PasswordChangeBody) -> PasswordChangedView:
        """Change the own password; all other sessions end, and the owner is told by mail."""
        done = await self.passwords.change(
            call.who.id, call.who.session, body.old_password, body.new_password, at=call.now
        )
        return PasswordChangedView(
            sessions_ended=done.sessions,
            app_passwords=[
                KeptAppPasswordView(
                    app_password_id=one.id,
                    label=one.label,
                    last_used_at=rfc3339(one.last_used_at) if one.last_used_at else None,
                )
                for one in done.app_passwords
            ],
        )

    async def forget_password(self, call: Call, body: ForgottenBody) -> WrittenView:
        """Ask for a link that sets a new password; the answer is the same whether or not there is an account."""
        await self.resets.wish(body.email, at=call.now)
        return WrittenView()

    async def reset_password(self, call: Call, body: ResetBody) -> None:
        """Set a new password by the link of the mail, once; every session ends, and nobody is logged in by it."""
        await self.resets.reset(body.token, body.password, at=call.now)

    async def change_address(self, call: Call, body: NewAddressBody) -> WrittenView:
        """Ask for another address; it changes once a link there has proven it."""
        agent = call.header("User-Agent") or ""
        await self.addresses.ask(call.who.id, body.email, user_agent=agent, at=call.now)
        return WrittenView()

    async def confirm_address(self, call: Call, body: TokenBody) -> None:
        """Prove the new address by the link of the mail, once; the old one is told and can undo it for seven days."""
        await self.addresses.prove(body.token, at=call.now)

    async def undo_address_change(self, call: Call, body: TokenBody) -> None:
        """Bring the account back to its old address; all sessions and app passwords end."""
        await self.addresses.undo(body.token, at=call.now)

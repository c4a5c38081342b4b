"""The age screen, sign-up, the proof of an address, the own account, and how staff find one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.identity.api.fields import ANY_PERSON, Email, Password, Reason
from services.identity.domain.age import CLOSED_FOR, Birth
from services.identity.errors import (
    AccountNotFoundError,
    AgeTokenRefusedError,
    PasswordRefusedError,
    PasswordsBusyError,
    ReasonRefusedError,
    SignUpClosedError,
    VerificationRefusedError,
)
from services.identity.service.accounts import AgeScreen, Profiles, SignUpDesk
from services.identity.service.contacts import Contacts
from shared.clock import rfc3339
from shared.mail import InvalidAddressError
from shared.web import PUBLIC, Body, Call, RateLimit, Route, View, get, post, rendered, staff

CLOSED_COOKIE = "__Host-candor-age-screen"


class AgeScreenBody(Body):
    """When somebody was born; neither is kept."""

    birth_year: Annotated[int, Field(ge=1800, le=2200)]
    birth_month: Annotated[int, Field(ge=1, le=12)]


class SignUpBody(Body):
    """A wish for an account; nothing else is asked for (C01)."""

    age_token: Annotated[str, Field(max_length=4096)]
    email: Email
    password: Password


class VerificationBody(Body):
    """The token of the link in the mail."""

    token: Annotated[str, Field(max_length=4096)]


class FindBody(Body):
    """Whose account is looked for, and why."""

    email: Email
    reason: Reason


class AgeScreenView(View):
    """Whether the sign-up is open, and the token that opens it."""

    passed: bool
    age_token: str


class SignUpView(View):
    """The same for every address."""

    message: str = "We have written to this address. Open the link in the mail to go on."


class VerifiedView(View):
    """The account that is open now."""

    account_id: str


class MeView(View):
    """What is held about the owner of the account."""

    account_id: str
    email: str
    username: str
    roles: list[str]
    session_id: str
    verified_at: str | None
    created_at: str


class FoundView(View):
    """The account that staff looked for; the address is not repeated."""

    account_id: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsApi:
    """The handlers."""

    screen: AgeScreen
    desk: SignUpDesk
    profiles: Profiles
    contacts: Contacts
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, limit = "/v1/identity", RateLimit(self.requests_a_minute, timedelta(minutes=1))
        return (
            post(f"{root}/age-screens", self.answer_age_screen, access=PUBLIC, limit=limit, replies=AgeScreenView),
            post(
                f"{root}/accounts",
                self.sign_up,
                access=PUBLIC,
                status=202,
                limit=limit,
                errors=(
                    AgeTokenRefusedError,
                    SignUpClosedError,
                    InvalidAddressError,
                    PasswordRefusedError,
                    PasswordsBusyError,
                ),
            ),
            post(f"{root}/verifications", self.verify, access=PUBLIC, limit=limit, errors=(VerificationRefusedError,)),
            get(f"{root}/me", self.me, access=ANY_PERSON, errors=(AccountNotFoundError,)),
            post(
                f"{root}/accounts/find",
                self.find,
                access=staff("support", "disclosure", "admin"),
                errors=(AccountNotFoundError, ReasonRefusedError, InvalidAddressError),
            ),
        )

    async def answer_age_screen(self, call: Call, body: AgeScreenBody) -> web.Response:
        """Answer the age screen; the date is not kept.

        Whoever passes gets a token for the sign-up, good for 30 minutes. Whoever does not gets a cookie that keeps the
        sign-up of this browser closed for a day.
        """
        if self._closed(call):
            return rendered(AgeScreenView(passed=False, age_token=""))
        token = self.screen.answer(Birth(year=body.birth_year, month=body.birth_month), at=call.now)
        response = rendered(AgeScreenView(passed=token is not None, age_token=token or ""))
        if token is None:
            response.set_cookie(
                CLOSED_COOKIE,
                self.screen.closing(at=call.now),
                max_age=int(CLOSED_FOR.total_seconds()),
                path="/",
                secure=True,
                httponly=True,
                samesite="Lax",
            )
        return response

    async def sign_up(self, call: Call, body: SignUpBody) -> SignUpView:
        """Ask for an account.

        The answer is the same whether or not the address has an account; what comes next stands in the mail.
        """
        self.screen.check_open(call.cookie(CLOSED_COOKIE), at=call.now)
        await self.desk.sign_up(body.age_token, body.email, body.password, at=call.now)
        return SignUpView()

    async def verify(self, call: Call, body: VerificationBody) -> VerifiedView:
        """Prove an address with the token of the mail; works once."""
        return VerifiedView(account_id=await self.desk.verify(body.token, at=call.now))

    async def me(self, call: Call) -> MeView:
        """Read the own account."""
        profile = await self.profiles.of(call.who.id)
        account = profile.account
        return MeView(
            account_id=account.id,
            email=profile.email,
            username=account.username,
            roles=[role.value for role in account.roles],
            session_id=call.who.session,
            verified_at=rfc3339(account.verified_at) if account.verified_at else None,
            created_at=rfc3339(account.created_at),
        )

    async def find(self, call: Call, body: FindBody) -> FoundView:
        """Find an account by its address, as staff; the owner sees who looked, and why."""
        found = await self.contacts.find_for_staff(
            body.email, staff_id=call.who.id, roles=call.who.roles, reason=body.reason, at=call.now
        )
        return FoundView(account_id=found.id, created_at=rfc3339(found.created_at))

    def _closed(self, call: Call) -> bool:
        try:
            self.screen.check_open(call.cookie(CLOSED_COOKIE), at=call.now)
        except SignUpClosedError:
            return True
        return False

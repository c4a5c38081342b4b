"""The age screen, sign-up, the proof of an address, the own account, and how staff find one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.identity.api.fields import ANY_PERSON, Email, Password, Reason
from services.identity.domain.accounts.age_screen import DENIAL_COOKIE_TTL, BirthMonth
from services.identity.errors import (
    AccountNotFoundError,
    InvalidAgeTokenError,
    InvalidReasonError,
    InvalidVerificationTokenError,
    PasswordHashingBusyError,
    PasswordNotAcceptableError,
    SignUpClosedError,
)
from services.identity.service.accounts.profile import ProfileService
from services.identity.service.accounts.registration import AgeScreen, RegistrationService
from services.identity.service.staff.contacts import ContactResolver
from shared.clock import rfc3339
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, View, get, json_response, post, staff

AGE_DENIED_COOKIE = "__Host-candor-age-screen"


class AgeScreenBody(JsonBody):
    """When somebody was born; neither is kept."""

    birth_year: Annotated[int, Field(ge=1800, le=2200)]
    birth_month: Annotated[int, Field(ge=1, le=12)]


class SignUpBody(JsonBody):
    """A wish for an account; nothing else is asked for (C01)."""

    age_token: Annotated[str, Field(max_length=4096)]
    email: Email
    password: Password


class EmailVerificationBody(JsonBody):
    """The token of the link in the mail."""

    token: Annotated[str, Field(max_length=4096)]


class FindAccountBody(JsonBody):
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


class VerifiedAccountView(View):
    """The account that is open now."""

    account_id: str


class MyAccountView(View):
    """What is held about the owner of the account."""

    account_id: str
    email: str
    username: str
    roles: list[str]
    session_id: str
    verified_at: str | None
    created_at: str


class FoundAccountView(View):
    """The account that staff looked for; the address is not repeated."""

    account_id: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsApi:
    """The handlers."""

    age_screen: AgeScreen
    registration_service: RegistrationService
    profiles: ProfileService
    contact_resolver: ContactResolver
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, limit = "/v1/identity", RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        return (
            post(f"{root}/age-screens", self.submit_age_screen, access=PUBLIC, limit=limit, replies=AgeScreenView),
            post(
                f"{root}/accounts",
                self.register_account,
                access=PUBLIC,
                status=202,
                limit=limit,
                errors=(
                    InvalidAgeTokenError,
                    SignUpClosedError,
                    InvalidEmailAddressError,
                    PasswordNotAcceptableError,
                    PasswordHashingBusyError,
                ),
            ),
            post(
                f"{root}/verifications",
                self.verify_email,
                access=PUBLIC,
                limit=limit,
                errors=(InvalidVerificationTokenError,),
            ),
            get(f"{root}/me", self.get_my_account, access=ANY_PERSON, errors=(AccountNotFoundError,)),
            post(
                f"{root}/accounts/find",
                self.find_account,
                access=staff("support", "disclosure", "admin"),
                errors=(AccountNotFoundError, InvalidReasonError, InvalidEmailAddressError),
            ),
        )

    async def submit_age_screen(self, call: RequestContext, body: AgeScreenBody) -> web.Response:
        """Answer the age screen; the date is not kept.

        Whoever passes gets a token for the sign-up, good for 30 minutes. Whoever does not gets a cookie that keeps the
        sign-up of this browser closed for a day.
        """
        if self._is_sign_up_denied(call):
            return json_response(AgeScreenView(passed=False, age_token=""))
        token = self.age_screen.issue_token(BirthMonth(year=body.birth_year, month=body.birth_month), at=call.now)
        response = json_response(AgeScreenView(passed=token is not None, age_token=token or ""))
        if token is None:
            response.set_cookie(
                AGE_DENIED_COOKIE,
                self.age_screen.denial_cookie(at=call.now),
                max_age=int(DENIAL_COOKIE_TTL.total_seconds()),
                path="/",
                secure=True,
                httponly=True,
                samesite="Lax",
            )
        return response

    async def register_account(self, call: RequestContext, body: SignUpBody) -> SignUpView:
        """Ask for an account.

        The answer is the same whether or not the address has an account; what comes next stands in the mail.
        """
        self.age_screen.check_not_denied(call.get_cookie(AGE_DENIED_COOKIE), at=call.now)
        await self.registration_service.sign_up(body.age_token, body.email, body.password, at=call.now)
        return SignUpView()

    async def verify_email(self, call: RequestContext, body: EmailVerificationBody) -> VerifiedAccountView:
        """Prove an address with the token of the mail; works once."""
        return VerifiedAccountView(account_id=await self.registration_service.verify(body.token, at=call.now))

    async def get_my_account(self, call: RequestContext) -> MyAccountView:
        """Read the own account."""
        profile = await self.profiles.get(call.principal.id)
        account = profile.account
        return MyAccountView(
            account_id=account.id,
            email=profile.email,
            username=account.username,
            roles=[role.value for role in account.roles],
            session_id=call.principal.session,
            verified_at=rfc3339(account.verified_at) if account.verified_at else None,
            created_at=rfc3339(account.created_at),
        )

    async def find_account(self, call: RequestContext, body: FindAccountBody) -> FoundAccountView:
        """Find an account by its address, as staff; the owner sees who looked, and why."""
        found = await self.contact_resolver.find_for_staff(
            body.email, staff_id=call.principal.id, roles=call.principal.roles, reason=body.reason, at=call.now
        )
        return FoundAccountView(account_id=found.id, created_at=rfc3339(found.created_at))

    def _is_sign_up_denied(self, call: RequestContext) -> bool:
        try:
            self.age_screen.check_not_denied(call.get_cookie(AGE_DENIED_COOKIE), at=call.now)
        except SignUpClosedError:
            return True
        return False

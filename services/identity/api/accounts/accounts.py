"""Age screen, sign-up, email verification, the caller's account, and account lookup by staff."""

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
from shared.web import (
    PUBLIC,
    JsonBody,
    OpaqueText,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    get,
    json_response,
    post,
    staff,
)

AGE_DENIED_COOKIE = "__Host-candor-age-screen"


class AgeScreenBody(JsonBody):
    """A month of birth. It is not stored (C23)."""

    birth_year: Annotated[int, Field(ge=1800, le=2200)]
    birth_month: Annotated[int, Field(ge=1, le=12)]


class SignUpBody(JsonBody):
    """A sign-up; these are the only data asked for (C01)."""

    age_token: Annotated[str, Field(max_length=4096), OpaqueText("decrypted")]
    email: Email
    password: Password


class EmailVerificationBody(JsonBody):
    """The token of the verification link."""

    token: Annotated[str, Field(max_length=4096), OpaqueText("decrypted")]


class FindAccountBody(JsonBody):
    """The address to look up, and the reason."""

    email: Email
    reason: Reason


class AgeScreenView(View):
    """The result, and the age token that sign-up requires."""

    passed: bool
    age_token: str


class SignUpView(View):
    """The same response for every address (I-15)."""

    message: str = "Check your email and open the link to continue."


class VerifiedAccountView(View):
    """The account that was opened."""

    account_id: str


class MyAccountView(View):
    """Your account."""

    account_id: str
    email: str
    username: str
    roles: list[str]
    session_id: str
    verified_at: Timestamp | None
    created_at: Timestamp


class FoundAccountView(View):
    """The account at the address. The address is not repeated."""

    account_id: str
    created_at: Timestamp
    spelling_differs: Annotated[
        bool, Field(description="the stored address differs in a letter: a mail from yours is no proof of ownership")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsApi:
    """HTTP handlers of accounts."""

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
        """Submit the age screen. The date is not stored.

        If you pass, the response has an age token for sign-up, valid for 30 minutes. If not, it sets a cookie that
        blocks sign-up in this browser for a day.
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
        """Sign up for an account.

        The response is the same whether or not the address has an account. The email says how to continue.
        """
        self.age_screen.check_not_denied(call.get_cookie(AGE_DENIED_COOKIE), at=call.now)
        await self.registration_service.sign_up(body.age_token, body.email, body.password, at=call.now)
        return SignUpView()

    async def verify_email(self, call: RequestContext, body: EmailVerificationBody) -> VerifiedAccountView:
        """Verify an email address with the token of the link. A token works once."""
        return VerifiedAccountView(account_id=await self.registration_service.verify(body.token, at=call.now))

    async def get_my_account(self, call: RequestContext) -> MyAccountView:
        """Get your account."""
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
        """Find an account by its email address, as staff. The owner sees who looked it up, and why."""
        found = await self.contact_resolver.find_for_staff(
            body.email, staff_id=call.principal.id, roles=call.principal.roles, reason=body.reason, at=call.now
        )
        return FoundAccountView(
            account_id=found.account.id,
            created_at=rfc3339(found.account.created_at),
            spelling_differs=found.spelling_differs,
        )

    def _is_sign_up_denied(self, call: RequestContext) -> bool:
        try:
            self.age_screen.check_not_denied(call.get_cookie(AGE_DENIED_COOKIE), at=call.now)
        except SignUpClosedError:
            return True
        return False

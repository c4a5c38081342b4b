"""Login with a password and a second factor, or with a passkey; step-up of a session."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from services.identity.api.authentication.webauthn_schemas import AuthenticationCredential, ChallengeView
from services.identity.api.fields import ANY_PERSON, Email, OneTimeCode, Password
from services.identity.errors import (
    AccountFrozenError,
    IncorrectPasswordError,
    InvalidChallengeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    InvalidSecondFactorError,
    PasswordCancelledError,
    PasswordHashingBusyError,
    SecondFactorRequiredError,
    SessionNotFoundError,
    StepUpSecondFactorRequiredError,
    TooManyLoginAttemptsError,
)
from services.identity.service.authentication.login import LoginContext, LoginResult, LoginService, SecondFactorRequired
from services.identity.service.authentication.passkeys import CredentialOptions
from services.identity.service.authentication.step_up import StepUpCredentials, StepUpService
from shared.errors import FieldProblem, InvalidInputError
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, OpaqueText, RateLimit, RequestContext, Route, View, json_response, post
from shared.web.problems import PROBLEM_RENDERER

_DeviceToken = Annotated[
    str | None, Field(max_length=4096, description="device_token of an earlier login"), OpaqueText("decrypted")
]
_ROOT = "/v1/identity/sessions"


class LoginBody(JsonBody):
    """Email address and password."""

    email: Email
    password: Password
    device_token: _DeviceToken = None


class SecondFactorBody(JsonBody):
    """A second factor: a code or a passkey."""

    challenge_token: Annotated[str, Field(max_length=4096), OpaqueText("decrypted")]
    code: OneTimeCode | None = None
    passkey: AuthenticationCredential | None = None
    device_token: _DeviceToken = None


class PasskeyLoginBody(JsonBody):
    """The assertion of a passkey."""

    challenge_id: Annotated[str, Field(max_length=64), OpaqueText("looked up")]
    credential: AuthenticationCredential
    device_token: _DeviceToken = None


class StepUpBody(JsonBody):
    """Proof for a step-up: the password, or a second factor if the account has one."""

    password: Password | None = None
    code: OneTimeCode | None = None
    challenge_id: Annotated[str, Field(max_length=64), OpaqueText("looked up")] = ""
    passkey: AuthenticationCredential | None = None


class SessionTokensView(View):
    """A new session and its tokens."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int
    refresh_token: str
    session_id: str
    account_id: str
    device_token: Annotated[
        str, Field(description="send it with the next login: attempts from other devices then cannot lock you out")
    ]


class RefreshedTokenView(View):
    """A new access token for the same session."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginApi:
    """HTTP handlers of login and step-up."""

    login_service: LoginService
    step_up_service: StepUpService
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        limit = RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        return (
            post(
                _ROOT,
                self.log_in,
                access=PUBLIC,
                status=201,
                limit=limit,
                replies=SessionTokensView,
                errors=(
                    InvalidCredentialsError,
                    AccountFrozenError,
                    PasswordCancelledError,
                    SecondFactorRequiredError,
                    TooManyLoginAttemptsError,
                    PasswordHashingBusyError,
                    InvalidEmailAddressError,
                ),
            ),
            post(
                f"{_ROOT}/second-factor",
                self.complete_second_factor,
                access=PUBLIC,
                status=201,
                limit=limit,
                errors=(
                    InvalidChallengeError,
                    InvalidCredentialsError,
                    AccountFrozenError,
                    PasswordCancelledError,
                    InvalidSecondFactorError,
                    InvalidPasskeyError,
                    TooManyLoginAttemptsError,
                ),
            ),
            post(f"{_ROOT}/passkey-challenges", self.begin_passkey_login, access=PUBLIC, limit=limit),
            post(
                f"{_ROOT}/passkey",
                self.log_in_with_passkey,
                access=PUBLIC,
                status=201,
                limit=limit,
                errors=(InvalidChallengeError, AccountFrozenError, PasswordCancelledError, InvalidPasskeyError),
            ),
            *self._build_step_up_routes(limit),
        )

    def _build_step_up_routes(self, limit: RateLimit) -> tuple[Route, ...]:
        return (
            post(f"{_ROOT}/step-up-challenges", self.begin_step_up, access=ANY_PERSON, limit=limit),
            post(
                f"{_ROOT}/step-up",
                self.complete_step_up,
                access=ANY_PERSON,
                limit=limit,
                errors=(
                    IncorrectPasswordError,
                    StepUpSecondFactorRequiredError,
                    InvalidSecondFactorError,
                    InvalidPasskeyError,
                    InvalidChallengeError,
                    TooManyLoginAttemptsError,
                    PasswordHashingBusyError,
                    SessionNotFoundError,
                ),
            ),
        )

    async def log_in(self, call: RequestContext, body: LoginBody) -> web.Response:
        """Log in with email address and password.

        An account with a second factor gets a problem with the code ``identity.login.second_factor_required``, which
        also carries ``challenge_token``, ``expires_in``, ``methods`` and ``passkey_options``. Continue with the token
        at ``/v1/identity/sessions/second-factor``. If the request carries a token, the login revokes its session.
        """
        found = await self.login_service.log_in(
            body.email, body.password, context=_login_context(call, body.device_token), at=call.now
        )
        return (
            _second_factor_problem(call, found)
            if isinstance(found, SecondFactorRequired)
            else json_response(_tokens_view(found), 201)
        )

    async def complete_second_factor(self, call: RequestContext, body: SecondFactorBody) -> SessionTokensView:
        """Complete a login with a one-time code, a recovery code or a passkey. A challenge allows five attempts."""
        if (body.code is None) == (body.passkey is None):
            raise _one_of_error("code", "passkey")
        credential = None if body.passkey is None else body.passkey.to_dict()
        context = _login_context(call, body.device_token)
        return _tokens_view(
            await self.login_service.complete_second_factor(
                body.challenge_token, body.code, credential, context=context, at=call.now
            )
        )

    async def begin_passkey_login(self, call: RequestContext) -> ChallengeView:
        """Start a login with a passkey. The challenge works once and expires in five minutes."""
        return _challenge_view(await self.login_service.begin_passkey(at=call.now))

    async def log_in_with_passkey(self, call: RequestContext, body: PasskeyLoginBody) -> SessionTokensView:
        """Log in with a passkey. It verifies its user, so it counts as both factors."""
        context = _login_context(call, body.device_token)
        return _tokens_view(
            await self.login_service.login_with_passkey(
                body.challenge_id, body.credential.to_dict(), context=context, at=call.now
            )
        )

    async def begin_step_up(self, call: RequestContext) -> ChallengeView:
        """Start a step-up with a passkey."""
        return _challenge_view(await self.step_up_service.begin_passkey(call.principal.id, at=call.now))

    async def complete_step_up(self, call: RequestContext, body: StepUpBody) -> RefreshedTokenView:
        """Confirm it is you before a sensitive change. The new access token proves a recent authentication.

        Send your password, or a code or passkey if the account has a second factor.
        """
        if body.password is None and body.code is None and body.passkey is None:
            raise _one_of_error("password", "code", "passkey")
        credentials = StepUpCredentials(
            password=body.password,
            code=body.code,
            challenge_id=body.challenge_id,
            credential=None if body.passkey is None else body.passkey.to_dict(),
        )
        renewed = await self.step_up_service.reauthenticate_session(
            call.principal.id, call.principal.session, credentials, context=_login_context(call), at=call.now
        )
        return RefreshedTokenView(access_token=renewed.access_token, expires_in=renewed.expires_in)


def _login_context(call: RequestContext, device_token: str | None = None) -> LoginContext:
    agent = call.get_header("User-Agent") or ""
    return LoginContext(
        user_agent=agent,
        client_ip=call.client_address,
        device_token=device_token,
        replaced_session_id=call.principal.session,
    )


def _tokens_view(result: LoginResult) -> SessionTokensView:
    tokens = result.tokens
    return SessionTokensView(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh_token,
        session_id=tokens.session_id,
        account_id=tokens.account_id,
        device_token=result.device_token,
    )


def _challenge_view(options: CredentialOptions) -> ChallengeView:
    return ChallengeView(challenge_id=options.challenge_id, options=dict(options.options))


def _second_factor_problem(call: RequestContext, step: SecondFactorRequired) -> web.Response:
    """Return the problem with what the client needs to continue (extension members, RFC 9457, 3.2)."""
    problem = call.request.app[PROBLEM_RENDERER].render(SecondFactorRequiredError(), call.request)
    assert isinstance(problem.body, bytes)
    payload: dict[str, Any] = {
        **json.loads(problem.body),
        "challenge_token": step.challenge_token,
        "expires_in": int((step.expires_at - call.now).total_seconds()),
        "methods": step.enrolled.methods,
        "passkey_options": step.passkey_options,
    }
    headers = {name: value for name, value in problem.headers.items() if name != "Content-Length"}
    return web.Response(status=problem.status, body=json.dumps(payload).encode(), headers=headers)


def _one_of_error(*names: str) -> InvalidInputError:
    message = f"Send {' or '.join(names)}."
    return InvalidInputError(fields=tuple(FieldProblem(field=name, code="one_of", message=message) for name in names))

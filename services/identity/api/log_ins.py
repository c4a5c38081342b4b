"""Log-in: with a password and, where there is one, a second factor; or with a passkey alone. Step-up of a session."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from services.identity.api.credentials import AskedView, Assertion
from services.identity.api.fields import ANY_PERSON, Email, OneTimeCode, Password
from services.identity.errors import (
    ChallengeRefusedError,
    LogInRefusedError,
    PasskeyRefusedError,
    PasswordsBusyError,
    SecondFactorNeededError,
    SecondFactorRefusedError,
    SessionNotFoundError,
    StepUpRefusedError,
    TooManyLogInsError,
    WrongPasswordError,
)
from services.identity.errors.staff import AccountFrozenError, PasswordCancelledError
from services.identity.service.log_ins import From, LoggedIn, LogIns, SecondStep
from services.identity.service.passkeys import Asked
from services.identity.service.step_up import Proof, StepUps
from shared.errors import FieldProblem, InvalidInputError
from shared.mail import InvalidAddressError
from shared.web import PUBLIC, Body, Call, RateLimit, Route, View, post, rendered
from shared.web.problems import PROBLEMS

_DeviceToken = Annotated[str | None, Field(max_length=4096, description="device_token of an earlier log-in")]
_ROOT = "/v1/identity/sessions"


class LogInBody(Body):
    """Who logs in."""

    email: Email
    password: Password
    device_token: _DeviceToken = None


class SecondFactorBody(Body):
    """The second factor: a code or a passkey."""

    challenge_token: Annotated[str, Field(max_length=4096)]
    code: OneTimeCode | None = None
    passkey: Assertion | None = None
    device_token: _DeviceToken = None


class PasskeyLogInBody(Body):
    """The answer of a passkey."""

    challenge_id: Annotated[str, Field(max_length=64)]
    credential: Assertion
    device_token: _DeviceToken = None


class StepUpBody(Body):
    """Whoever is logged in proves it once more: by password, or, where there is a second factor, by that."""

    password: Password | None = None
    code: OneTimeCode | None = None
    challenge_id: Annotated[str, Field(max_length=64)] = ""
    passkey: Assertion | None = None


class GrantedView(View):
    """A new session and its tokens."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int
    refresh_token: str
    session_id: str
    account_id: str
    device_token: Annotated[str, Field(description="sent with the next log-in, strangers' guesses do not lock it out")]


class RenewedView(View):
    """A new access token for the same session."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogInsApi:
    """The handlers."""

    log_ins: LogIns
    step_ups: StepUps
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        limit = RateLimit(self.requests_a_minute, timedelta(minutes=1))
        return (
            post(
                _ROOT,
                self.log_in,
                access=PUBLIC,
                status=201,
                limit=limit,
                replies=GrantedView,
                errors=(
                    LogInRefusedError,
                    AccountFrozenError,
                    PasswordCancelledError,
                    SecondFactorNeededError,
                    TooManyLogInsError,
                    PasswordsBusyError,
                    InvalidAddressError,
                ),
            ),
            post(
                f"{_ROOT}/second-factor",
                self.log_in_with_second_factor,
                access=PUBLIC,
                status=201,
                limit=limit,
                errors=(
                    ChallengeRefusedError,
                    LogInRefusedError,
                    AccountFrozenError,
                    PasswordCancelledError,
                    SecondFactorRefusedError,
                    PasskeyRefusedError,
                    TooManyLogInsError,
                ),
            ),
            post(f"{_ROOT}/passkey-challenges", self.ask_for_passkey, access=PUBLIC, limit=limit),
            post(
                f"{_ROOT}/passkey",
                self.log_in_with_passkey,
                access=PUBLIC,
                status=201,
                limit=limit,
                errors=(ChallengeRefusedError, AccountFrozenError, PasswordCancelledError, PasskeyRefusedError),
            ),
            post(f"{_ROOT}/step-up-challenges", self.ask_for_step_up, access=ANY_PERSON, limit=limit),
            post(
                f"{_ROOT}/step-up",
                self.step_up,
                access=ANY_PERSON,
                limit=limit,
                errors=(
                    WrongPasswordError,
                    StepUpRefusedError,
                    SecondFactorRefusedError,
                    PasskeyRefusedError,
                    ChallengeRefusedError,
                    TooManyLogInsError,
                    PasswordsBusyError,
                    SessionNotFoundError,
                ),
            ),
        )

    async def log_in(self, call: Call, body: LogInBody) -> web.Response:
        """Log in with address and password.

        Where the account has a second factor, the answer is a problem with the code ``identity.log_in.second_factor``
        and, besides, ``challenge_token``, ``expires_in``, ``methods`` and ``passkey_options``: go on with the token at
        ``/v1/identity/sessions/second-factor``. A session whose token the request carries ends with this log-in.
        """
        found = await self.log_ins.log_in(body.email, body.password, by=_from(call, body.device_token), at=call.now)
        return _second_step(call, found) if isinstance(found, SecondStep) else rendered(_granted(found), 201)

    async def log_in_with_second_factor(self, call: Call, body: SecondFactorBody) -> GrantedView:
        """Go on with a log-in by a code of the app, a recovery code or a passkey; five tries for one password."""
        if (body.code is None) == (body.passkey is None):
            raise _one_of("code", "passkey")
        credential = None if body.passkey is None else body.passkey.plain()
        by = _from(call, body.device_token)
        return _granted(await self.log_ins.second_step(body.challenge_token, body.code, credential, by=by, at=call.now))

    async def ask_for_passkey(self, call: Call) -> AskedView:
        """Ask for the challenge of a log-in by passkey; good for one answer within five minutes."""
        return _asked(await self.log_ins.ask_for_passkey(at=call.now))

    async def log_in_with_passkey(self, call: Call, body: PasskeyLogInBody) -> GrantedView:
        """Log in with a passkey alone: it verifies its user, so it is both factors at once."""
        by = _from(call, body.device_token)
        return _granted(await self.log_ins.by_passkey(body.challenge_id, body.credential.plain(), by=by, at=call.now))

    async def ask_for_step_up(self, call: Call) -> AskedView:
        """Ask for the challenge of a step-up by passkey."""
        return _asked(await self.step_ups.ask(call.who.id, at=call.now))

    async def step_up(self, call: Call, body: StepUpBody) -> RenewedView:
        """Confirm the own session before a sensitive change, and get an access token that says so.

        By password; an account with a second factor sends a code or a passkey.
        """
        if body.password is None and body.code is None and body.passkey is None:
            raise _one_of("password", "code", "passkey")
        proof = Proof(
            password=body.password,
            code=body.code,
            challenge_id=body.challenge_id,
            credential=None if body.passkey is None else body.passkey.plain(),
        )
        renewed = await self.step_ups.renew(call.who.id, call.who.session, proof, by=_from(call), at=call.now)
        return RenewedView(access_token=renewed.access_token, expires_in=renewed.expires_in)


def _from(call: Call, device_token: str | None = None) -> From:
    agent = call.header("User-Agent") or ""
    return From(user_agent=agent, address=call.client, device_token=device_token, session_id=call.who.session)


def _granted(found: LoggedIn) -> GrantedView:
    granted = found.granted
    return GrantedView(
        access_token=granted.access_token,
        expires_in=granted.expires_in,
        refresh_token=granted.refresh_token,
        session_id=granted.session_id,
        account_id=granted.account_id,
        device_token=found.device_token,
    )


def _asked(asked: Asked) -> AskedView:
    return AskedView(challenge_id=asked.challenge_id, options=dict(asked.options))


def _second_step(call: Call, step: SecondStep) -> web.Response:
    """Return the problem with what the client needs to go on (RFC 9457, 3.2: a problem may carry more)."""
    problem = call.request.app[PROBLEMS].render(SecondFactorNeededError(), call.request)
    assert isinstance(problem.body, bytes)
    said: dict[str, Any] = {
        **json.loads(problem.body),
        "challenge_token": step.challenge_token,
        "expires_in": int((step.expires_at - call.now).total_seconds()),
        "methods": step.held.methods,
        "passkey_options": step.passkey_options,
    }
    headers = {name: value for name, value in problem.headers.items() if name != "Content-Length"}
    return web.Response(status=problem.status, body=json.dumps(said).encode(), headers=headers)


def _one_of(*names: str) -> InvalidInputError:
    told = f"Send {' or '.join(names)}."
    return InvalidInputError(fields=tuple(FieldProblem(field=name, code="one_of", message=told) for name in names))

"""Step-up authentication: the owner authenticates again, and the session's tokens carry the time (RFC 9470)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.domain.authentication.security import ChallengeKind, SecurityEventKind
from services.identity.errors import StepUpSecondFactorRequiredError
from services.identity.service.authentication.attempts import SECOND_FACTOR_ATTEMPTS
from services.identity.service.authentication.login import LoginContext, LoginService
from services.identity.service.authentication.passkeys import CredentialOptions, WebAuthnService
from services.identity.service.authentication.second_factors import SecondFactorService
from services.identity.service.sessions.sessions import RefreshedAccessToken, SessionService
from services.identity.store import SecurityEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpCredentials:
    """The proof of a step-up: a password, a code, or a passkey with its challenge."""

    password: str | None = None
    code: str | None = None
    challenge_id: str = ""
    credential: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpService:
    """Authenticates the owner of a session again."""

    login_service: LoginService
    second_factor_service: SecondFactorService
    webauthn_service: WebAuthnService
    session_service: SessionService
    security_events: SecurityEvents

    async def begin_passkey(self, account_id: str, *, at: datetime) -> CredentialOptions:
        """Return a challenge for a passkey of the account."""
        return await self.webauthn_service.authentication_options(ChallengeKind.STEP_UP, account_id, at=at)

    async def reauthenticate_session(
        self, account_id: str, session_id: str, credentials: StepUpCredentials, *, context: LoginContext, at: datetime
    ) -> RefreshedAccessToken:
        """Return a new access token. An account with a second factor must use it (I-12)."""
        if (
            credentials.code is None
            and credentials.credential is None
            and await self.second_factor_service.get_enrolled(account_id)
        ):
            raise StepUpSecondFactorRequiredError
        if credentials.password is not None:
            await self.login_service.reauthenticate_with_password(
                account_id, credentials.password, session_id=session_id, at=at
            )
        if credentials.code is not None:
            throttle_key = self.login_service.accounts.throttle_key("session_codes", session_id)
            check = self.login_service.check_code(
                account_id, credentials.code, throttle_key=throttle_key, context=context, at=at
            )
            await SECOND_FACTOR_ATTEMPTS.count_attempt("code", check)
        if credentials.credential is not None:
            kind = ChallengeKind.STEP_UP
            verification = self.webauthn_service.verify_authentication(
                kind, credentials.challenge_id, credentials.credential, account_id=account_id, at=at
            )
            await SECOND_FACTOR_ATTEMPTS.count_attempt("passkey", verification)
        renewed = await self.session_service.record_reauthentication(session_id, at=at)
        await self.security_events.record(
            account_id, SecurityEventKind.REAUTHENTICATED, user_agent=context.user_agent, at=at
        )
        return renewed

"""Login by password and second factor, or by passkey.

Response and timing are the same for an address without an account (I-14).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from services.identity.domain.authentication.security import ChallengeKind, SecurityEventKind
from services.identity.errors import (
    IncorrectPasswordError,
    InvalidChallengeError,
    InvalidCredentialsError,
    InvalidPasskeyError,
    InvalidSecondFactorError,
    TooManyLoginAttemptsError,
)
from services.identity.service.authentication.attempts import (
    LOGIN_ATTEMPTS,
    REAUTHENTICATION_ATTEMPTS,
    SECOND_FACTOR_ATTEMPTS,
    SECOND_FACTOR_REQUIRED,
    SUCCEEDED,
)
from services.identity.service.authentication.known_devices import KnownDevice, KnownDeviceTokens
from services.identity.service.authentication.otp import OtpService
from services.identity.service.authentication.passkeys import CredentialOptions, WebAuthnService
from services.identity.service.authentication.password_hasher import Argon2PasswordHasher
from services.identity.service.authentication.second_factors import EnrolledFactors, SecondFactorService
from services.identity.service.sessions.sessions import SessionService, TokenResponse
from services.identity.store import (
    AccountDocument,
    Accounts,
    ChallengeDocument,
    Challenges,
    CredentialDocument,
    Credentials,
    LoginThrottle,
)
from services.identity.store.accounts.security_events import SecurityEvents
from shared.crypto import InvalidTokenError, TokenSealer
from shared.mail import EmailAddress

_CHALLENGE_TOKEN_KIND = "identity.second_step"  # noqa: S105 - the kind of a token, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginContext:
    """Where a login comes from: client, IP address, device token, and the session that it replaces."""

    user_agent: str
    client_ip: str
    device_token: str | None = None
    replaced_session_id: str = ""


@dataclass(frozen=True, slots=True)
class LoginResult:
    """A new session, and the token by which its device is known from now on."""

    tokens: TokenResponse
    device_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRequired:
    """The password is correct: the challenge to continue with, and the enrolled second factors."""

    challenge_token: str
    expires_at: datetime
    enrolled: EnrolledFactors
    passkey_options: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginService:
    """Authenticates owners. Attempts are counted per address, known or unknown."""

    accounts: Accounts
    credentials: Credentials
    login_throttle: LoginThrottle
    password_hasher: Argon2PasswordHasher
    session_service: SessionService
    second_factor_service: SecondFactorService
    otp_service: OtpService
    webauthn_service: WebAuthnService
    challenges: Challenges
    security_events: SecurityEvents
    known_devices: KnownDeviceTokens
    token_sealer: TokenSealer

    async def log_in(
        self, email: str, password: str, *, context: LoginContext, at: datetime
    ) -> LoginResult | SecondFactorRequired:
        """Return a new session, or the challenge of the second factor if the account has one (I-12)."""
        return await LOGIN_ATTEMPTS.count_attempt(
            "password",
            self._log_in(email, password, context=context, at=at),
            outcome=lambda result: SECOND_FACTOR_REQUIRED if isinstance(result, SecondFactorRequired) else SUCCEEDED,
        )

    async def _log_in(
        self, email: str, password: str, *, context: LoginContext, at: datetime
    ) -> LoginResult | SecondFactorRequired:
        index = self.accounts.blind_index(EmailAddress(email))
        account = await self.accounts.get_by_email(index)
        device = self.known_devices.verify(context.device_token, account.id if account else None, at=at)
        throttle_key = index if device is None else self.accounts.throttle_key("device", device.device_id)
        credential = await self._verify_password(throttle_key, account, password, at=at)
        if credential is None or account is None:
            raise InvalidCredentialsError
        enrolled = await self.second_factor_service.get_enrolled(account.id)
        if enrolled:
            return await self._require_second_factor(credential, enrolled, device, at=at)
        return await self._create_session(account, context, device, password_changed_at=credential.changed_at, at=at)

    async def complete_second_factor(
        self, token: str, code: str | None, credential: Mapping[str, Any] | None, *, context: LoginContext, at: datetime
    ) -> LoginResult:
        """Return the session of a completed challenge. After five wrong codes, the password is required again."""
        return await SECOND_FACTOR_ATTEMPTS.count_attempt(
            "code" if credential is None else "passkey",
            self._complete_second_factor(token, code, credential, context=context, at=at),
        )

    async def _complete_second_factor(
        self, token: str, code: str | None, credential: Mapping[str, Any] | None, *, context: LoginContext, at: datetime
    ) -> LoginResult:
        challenge, password_changed_at = await self._attempt_challenge(token, at=at)
        account = await self.accounts.get_active(challenge.account_id or "")
        if account is None:
            raise InvalidChallengeError
        device = self.known_devices.verify(context.device_token, account.id, at=at)
        if credential is not None:
            await self.webauthn_service.verify_assertion(challenge, credential, at=at)
        else:
            await self.check_code(account.id, code or "", throttle_key=challenge.throttle_key, context=context, at=at)
        if not await self.challenges.consume(challenge.id):
            raise InvalidChallengeError
        return await self._create_session(account, context, device, password_changed_at=password_changed_at, at=at)

    async def begin_passkey(self, *, at: datetime) -> CredentialOptions:
        """Return a challenge for any passkey."""
        return await self.webauthn_service.authentication_options(ChallengeKind.PASSKEY_LOGIN, None, at=at)

    async def login_with_passkey(
        self, challenge_id: str, credential: Mapping[str, Any], *, context: LoginContext, at: datetime
    ) -> LoginResult:
        """Return a new session. A passkey verifies its user, so it counts as both factors."""
        return await LOGIN_ATTEMPTS.count_attempt(
            "passkey", self._login_with_passkey(challenge_id, credential, context=context, at=at)
        )

    async def _login_with_passkey(
        self, challenge_id: str, credential: Mapping[str, Any], *, context: LoginContext, at: datetime
    ) -> LoginResult:
        passkey = await self.webauthn_service.verify_authentication(
            ChallengeKind.PASSKEY_LOGIN, challenge_id, credential, account_id=None, at=at
        )
        account = await self.accounts.get_active(passkey.account_id)
        if account is None:
            raise InvalidPasskeyError
        device = self.known_devices.verify(context.device_token, account.id, at=at)
        return await self._create_session(account, context, device, password_changed_at=None, at=at)

    async def reauthenticate_with_password(
        self, account_id: str, password: str, *, session_id: str = "", at: datetime
    ) -> AccountDocument:
        """Return the account if *password* is correct, before an action that cannot be undone.

        Attempts are counted per session, so that failed logins of strangers do not block the owner here.
        """
        return await REAUTHENTICATION_ATTEMPTS.count_attempt(
            "password", self._reauthenticate(account_id, password, session_id=session_id, at=at)
        )

    async def _reauthenticate(
        self, account_id: str, password: str, *, session_id: str, at: datetime
    ) -> AccountDocument:
        account = await self.accounts.get_active(account_id)
        throttle_key = self.accounts.throttle_key("session", session_id or account_id)
        if account is None or await self._verify_password(throttle_key, account, password, at=at) is None:
            raise IncorrectPasswordError
        return account

    async def check_code(
        self, account_id: str, code: str, *, throttle_key: str, context: LoginContext, at: datetime
    ) -> None:
        """Return if *code* is correct. Wrong ones are counted and recorded in the security log."""
        await self._hit_throttle(throttle_key, at=at)
        if not await self.otp_service.verify(account_id, code, at=at):
            await self.security_events.record(
                account_id, SecurityEventKind.SECOND_FACTOR_FAILED, user_agent=context.user_agent, at=at
            )
            raise InvalidSecondFactorError
        await self.login_throttle.reset(throttle_key)

    async def _require_second_factor(
        self, credential: CredentialDocument, enrolled: EnrolledFactors, device: KnownDevice | None, *, at: datetime
    ) -> SecondFactorRequired:
        throttle_key = self.accounts.throttle_key(
            "codes", credential.account_id if device is None else device.device_id
        )
        challenge = await self.challenges.create(
            ChallengeKind.SECOND_FACTOR, credential.account_id, throttle_key=throttle_key, at=at
        )
        claims = {"challenge": challenge.id, "password_changed_at": credential.changed_at.isoformat()}
        token = self.token_sealer.issue(_CHALLENGE_TOKEN_KIND, claims, expires_at=challenge.expires_at)
        options = await self.webauthn_service.build_options(challenge) if enrolled.passkeys else None
        return SecondFactorRequired(
            challenge_token=token, expires_at=challenge.expires_at, enrolled=enrolled, passkey_options=options
        )

    async def _attempt_challenge(self, token: str, *, at: datetime) -> tuple[ChallengeDocument, datetime]:
        try:
            claims = self.token_sealer.open(_CHALLENGE_TOKEN_KIND, token, at=at)
        except InvalidTokenError as fault:
            raise InvalidChallengeError from fault
        challenge_id = claims["challenge"]
        if not await self.challenges.count_attempt(challenge_id, at=at):
            raise InvalidChallengeError
        challenge = await self.challenges.get(challenge_id, ChallengeKind.SECOND_FACTOR, at=at)
        if challenge is None:
            raise InvalidChallengeError
        return challenge, datetime.fromisoformat(claims["password_changed_at"])

    async def _create_session(
        self,
        account: AccountDocument,
        context: LoginContext,
        device: KnownDevice | None,
        *,
        password_changed_at: datetime | None,
        at: datetime,
    ) -> LoginResult:
        tokens = await self.session_service.create(
            account,
            user_agent=context.user_agent,
            client_ip=context.client_ip,
            password_changed_at=password_changed_at,
            replaced_session_id=context.replaced_session_id,
            at=at,
        )
        return LoginResult(tokens, self.known_devices.issue(account.id, device, at=at))

    async def _verify_password(
        self, throttle_key: str, account: AccountDocument | None, password: str, *, at: datetime
    ) -> CredentialDocument | None:
        """Return the credential if *password* is correct. Every path hashes once, with or without an account (I-14)."""
        await self._hit_throttle(throttle_key, at=at)
        credential = await self.credentials.get_password(account.id if account else "")
        result = await self.password_hasher.verify(password, credential.password_hash if credential else None)
        if not result.is_correct or credential is None:
            return None
        await self.login_throttle.reset(throttle_key)
        if result.needs_rehash:
            await self._rehash(credential, password)
        return credential

    async def _hit_throttle(self, throttle_key: str, *, at: datetime) -> None:
        if not await self.login_throttle.hit(throttle_key, at=at):
            wait = await self.login_throttle.retry_after(throttle_key, at=at)
            raise TooManyLoginAttemptsError(retry_after=max(1, ceil(wait.total_seconds())))

    async def _rehash(self, credential: CredentialDocument, password: str) -> None:
        await self.credentials.rehash(credential, await self.password_hasher.rehash(password))

"""Log-in: by address and password, then a second factor where there is one; or by a passkey alone.

The same answer and the same time for an address without an account (I-14).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from services.identity.domain.security import ChallengeKind, EventKind
from services.identity.errors import (
    ChallengeRefusedError,
    LogInRefusedError,
    PasskeyRefusedError,
    SecondFactorRefusedError,
    TooManyLogInsError,
    WrongPasswordError,
)
from services.identity.service.known_devices import KnownDevice, KnownDevices
from services.identity.service.one_time_codes import OneTimeCodes
from services.identity.service.passkeys import Asked, PasskeyDesk
from services.identity.service.passwords import Passwords
from services.identity.service.second_factors import Held, SecondFactors
from services.identity.service.sessions import Granted, LiveSessions
from services.identity.store import Account, Accounts, Challenge, Challenges, Credential, Credentials, Guesses
from services.identity.store.security_events import SecurityEvents
from shared.crypto import LinkRefusedError, Links
from shared.mail import Address

_SECOND_STEP = "identity.second_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """Where a log-in comes from: program, address, the device as it is known, the session it takes the place of."""

    user_agent: str
    address: str
    device_token: str | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session, and what the device is known by from now on."""

    granted: Granted
    device_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStep:
    """The password was right; what the second factor may be, and the token to go on with."""

    challenge_token: str
    expires_at: datetime
    held: Held
    passkey_options: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIns:
    """Checks who somebody is; guesses are counted for each address, known or not."""

    accounts: Accounts
    credentials: Credentials
    guesses: Guesses
    passwords: Passwords
    live: LiveSessions
    factors: SecondFactors
    codes: OneTimeCodes
    desk: PasskeyDesk
    challenges: Challenges
    events: SecurityEvents
    known: KnownDevices
    links: Links

    async def log_in(self, email: str, password: str, *, by: From, at: datetime) -> LoggedIn | SecondStep:
        """Begin a session for whoever knows the password of *email*, or ask for the second factor (I-12)."""
        index = self.accounts.index_of(Address(email).email)
        account = await self.accounts.at_address(index)
        device = self.known.read(by.device_token, account.id if account else None, at=at)
        bucket = index if device is None else self.accounts.bucket("device", device.device_id)
        shown = await self._shown(bucket, account, password, at=at)
        if shown is None or account is None:
            raise LogInRefusedError
        held = await self.factors.of(account.id)
        if held:
            return await self._ask(shown, held, device, at=at)
        return await self._begin(account, by, device, password_of=shown.changed_at, at=at)

    async def second_step(
        self, token: str, code: str | None, credential: Mapping[str, Any] | None, *, by: From, at: datetime
    ) -> LoggedIn:
        """Begin the session that waits for a second factor; five wrong ones, and the password is asked for again."""
        challenge, password_of = await self._challenge(token, at=at)
        account = await self.accounts.active(challenge.account_id or "")
        if account is None:
            raise ChallengeRefusedError
        device = self.known.read(by.device_token, account.id, at=at)
        if credential is not None:
            await self.desk.proven(challenge, credential, at=at)
        else:
            await self.check_code(account.id, code or "", bucket=challenge.bucket, by=by, at=at)
        if not await self.challenges.use_up(challenge.id):
            raise ChallengeRefusedError
        return await self._begin(account, by, device, password_of=password_of, at=at)

    async def ask_for_passkey(self, *, at: datetime) -> Asked:
        """Ask for whichever passkey the person chooses."""
        return await self.desk.ask(ChallengeKind.PASSKEY_LOG_IN, None, at=at)

    async def by_passkey(self, challenge_id: str, credential: Mapping[str, Any], *, by: From, at: datetime) -> LoggedIn:
        """Begin a session for whoever holds a passkey: it verifies its user, so it is both factors at once."""
        passkey = await self.desk.answered(ChallengeKind.PASSKEY_LOG_IN, challenge_id, credential, by=None, at=at)
        account = await self.accounts.active(passkey.account_id)
        if account is None:
            raise PasskeyRefusedError
        device = self.known.read(by.device_token, account.id, at=at)
        return await self._begin(account, by, device, password_of=None, at=at)

    async def confirm(self, account_id: str, password: str, *, session_id: str = "", at: datetime) -> Account:
        """Return the account if *password* is its own: asked again before what cannot be undone.

        Wrong ones are counted for the session, so that strangers who guess at the door do not keep the owner from it.
        """
        account = await self.accounts.active(account_id)
        bucket = self.accounts.bucket("session", session_id or account_id)
        if account is None or await self._shown(bucket, account, password, at=at) is None:
            raise WrongPasswordError
        return account

    async def check_code(self, account_id: str, code: str, *, bucket: str, by: From, at: datetime) -> None:
        """Return when *code* is right; wrong ones are counted in *bucket* and told to the owner."""
        await self._count(bucket, at=at)
        if not await self.codes.right(account_id, code, at=at):
            await self.events.note(account_id, EventKind.SECOND_FACTOR_REFUSED, user_agent=by.user_agent, at=at)
            raise SecondFactorRefusedError
        await self.guesses.forget(bucket)

    async def _ask(self, shown: Credential, held: Held, device: KnownDevice | None, *, at: datetime) -> SecondStep:
        bucket = self.accounts.bucket("codes", shown.account_id if device is None else device.device_id)
        challenge = await self.challenges.ask(ChallengeKind.SECOND_FACTOR, shown.account_id, bucket=bucket, at=at)
        claims = {"challenge": challenge.id, "password_of": shown.changed_at.isoformat()}
        token = self.links.make(_SECOND_STEP, claims, expires_at=challenge.expires_at)
        options = await self.desk.options(challenge) if held.passkeys else None
        return SecondStep(challenge_token=token, expires_at=challenge.expires_at, held=held, passkey_options=options)

    async def _challenge(self, token: str, *, at: datetime) -> tuple[Challenge, datetime]:
        try:
            claims = self.links.read(_SECOND_STEP, token, at=at)
        except LinkRefusedError as fault:
            raise ChallengeRefusedError from fault
        challenge_id = claims["challenge"]
        if not await self.challenges.attempt(challenge_id, at=at):
            raise ChallengeRefusedError
        challenge = await self.challenges.read(challenge_id, ChallengeKind.SECOND_FACTOR, at=at)
        if challenge is None:
            raise ChallengeRefusedError
        return challenge, datetime.fromisoformat(claims["password_of"])

    async def _begin(
        self, account: Account, by: From, device: KnownDevice | None, *, password_of: datetime | None, at: datetime
    ) -> LoggedIn:
        granted = await self.live.begin(
            account,
            user_agent=by.user_agent,
            address=by.address,
            password_of=password_of,
            instead_of=by.session_id,
            at=at,
        )
        return LoggedIn(granted, self.known.make(account.id, device, at=at))

    async def _shown(self, bucket: str, account: Account | None, password: str, *, at: datetime) -> Credential | None:
        """Return what *password* is right for; each path checks a hash, also where there is none to check."""
        await self._count(bucket, at=at)
        credential = await self.credentials.password_of(account.id if account else "")
        verdict = await self.passwords.check(password, credential.secret if credential else None)
        if not verdict.right or credential is None:
            return None
        await self.guesses.forget(bucket)
        if verdict.outdated:
            await self._rehash(credential, password)
        return credential

    async def _count(self, bucket: str, *, at: datetime) -> None:
        if not await self.guesses.claim(bucket, at=at):
            wait = await self.guesses.wait(bucket, at=at)
            raise TooManyLogInsError(retry_after=max(1, ceil(wait.total_seconds())))

    async def _rehash(self, credential: Credential, password: str) -> None:
        await self.credentials.rehash(credential, await self.passwords.again(password))

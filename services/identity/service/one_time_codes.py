"""One-time codes: those of an app (RFC 6238) and recovery codes; each works once, and wrong ones are counted."""

import base64
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import pyotp

from services.identity.domain.security import RECOVERY_CODES, EventKind
from services.identity.errors import TotpExistsError, TotpNotFoundError
from services.identity.service.transact import Transact
from services.identity.store import RecoveryCode, RecoveryCodes, SecurityEvents, Totp, Totps
from shared.ids import NewId, digest, random_bytes

ISSUER = "Candor"
_STEP = 30
_DIGITS = 6
_SECRET_BYTES = 20
"""As RFC 4226 recommends: as long as the output of SHA-1."""
_RECOVERY_BYTES = 15
"""120 bits: enough that a plain hash of it can be stored (ASVS 6.5.2)."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app is given: the secret, and the same as the content of a QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCodes:
    """Makes and checks codes."""

    totps: Totps
    recovery: RecoveryCodes
    events: SecurityEvents
    transact: Transact
    new_id: NewId

    async def enrol(self, account_id: str, address: str, *, at: datetime) -> Enrolment:
        """Make a secret for an app; it counts only once a code has confirmed it."""
        secret = base64.b32encode(random_bytes(_SECRET_BYTES)).decode()
        if not await self.totps.begin(account_id, secret, at=at):
            raise TotpExistsError
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=ISSUER))

    async def confirm(self, account_id: str, code: str, *, at: datetime) -> bool:
        """Confirm the app by its first *code*; False for a wrong one."""
        totp = await self.totps.of(account_id)
        if totp is None or totp.confirmed:
            raise TotpNotFoundError
        return await self._used(totp, code, at=at)

    async def right(self, account_id: str, code: str, *, at: datetime) -> bool:
        """Tell whether *code* is one of the app, or a recovery code, and use it up."""
        plain = "".join(code.split()).lower()
        totp = await self.totps.of(account_id)
        if totp is not None and totp.confirmed and await self._used(totp, plain, at=at):
            return True
        return await self.transact(lambda: self._recovered(account_id, plain, at=at))

    async def new_recovery_codes(self, account_id: str, *, at: datetime) -> list[str]:
        """Make ten codes in place of all earlier ones, in the ambient transaction; they are shown once."""
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        await self.recovery.put(
            [
                RecoveryCode(
                    id=self.new_id("rcv"), account_id=account_id, code_hash=digest(_plain(code)), created_at=at
                )
                for code in codes
            ]
        )
        await self.events.note(account_id, EventKind.RECOVERY_CODES_MADE, at=at)
        return codes

    async def _used(self, totp: Totp, code: str, *, at: datetime) -> bool:
        generator = pyotp.TOTP(await self.totps.secret(totp), digits=_DIGITS, interval=_STEP)
        now = int(at.timestamp()) // _STEP
        # All three are compared, and the window is one step to each side: clocks of phones differ (RFC 6238, 5.2).
        right = [step for step in (now - 1, now, now + 1) if compare_digest(generator.generate_otp(step), _ascii(code))]
        return bool(right) and await self.totps.use(totp, max(right))

    async def _recovered(self, account_id: str, code: str, *, at: datetime) -> bool:
        if not await self.recovery.use(account_id, digest(_plain(code))):
            return False
        await self.events.note(account_id, EventKind.RECOVERY_CODE_USED, at=at)
        return True


def _recovery_code() -> str:
    letters = base64.b32encode(random_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[place : place + 6] for place in range(0, len(letters), 6))


def _plain(code: str) -> str:
    return code.replace("-", "")


def _ascii(code: str) -> str:
    """Return what can be compared in constant time: no one-time code has another letter."""
    return code if code.isascii() else ""

"""One-time codes: TOTP (RFC 6238) and recovery codes. Each is valid once."""

import base64
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

import pyotp

from services.identity.domain.authentication.sameness import normalize_code
from services.identity.domain.authentication.security import RECOVERY_CODE_COUNT, SecurityEventKind
from services.identity.errors import TotpExistsError, TotpNotFoundError
from services.identity.store import RecoveryCodeDocument, RecoveryCodes, SecurityEvents, TotpDocument, Totps
from shared.ids import NewId, random_bytes, sha256_digest
from shared.mongo import Transact

TOTP_ISSUER = "Candor"
_STEP_SECONDS = 30
_DIGITS = 6
_SECRET_BYTES = 20
"""RFC 4226 recommends the length of a SHA-1."""
_RECOVERY_CODE_BYTES = 15
"""120 bits, so that a plain hash may be stored (ASVS 6.5.2)."""


@dataclass(frozen=True, slots=True)
class TotpEnrollment:
    """The secret of an authenticator app, and the URI for its QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtpService:
    """Enrolls authenticator apps and verifies codes."""

    totps: Totps
    recovery_codes: RecoveryCodes
    security_events: SecurityEvents
    transact: Transact
    new_id: NewId

    async def enroll_totp(self, account_id: str, address: str, *, at: datetime) -> TotpEnrollment:
        """Return a new secret. It takes effect when a code confirms it."""
        secret = base64.b32encode(random_bytes(_SECRET_BYTES)).decode()
        if not await self.totps.start_enrollment(account_id, secret, at=at):
            raise TotpExistsError
        return TotpEnrollment(secret, pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=TOTP_ISSUER))

    async def confirm_totp(self, account_id: str, code: str, *, at: datetime) -> bool:
        """Confirm the app with its first *code*; False if the code is wrong."""
        totp = await self.totps.get_by_account(account_id)
        if totp is None or totp.confirmed:
            raise TotpNotFoundError
        return await self._consume_totp(totp, normalize_code(code), at=at)

    async def verify(self, account_id: str, code: str, *, at: datetime) -> bool:
        """Return whether *code* is a valid one-time or recovery code, and use it."""
        plain = normalize_code(code)
        totp = await self.totps.get_by_account(account_id)
        if totp is not None and totp.confirmed and await self._consume_totp(totp, plain, at=at):
            return True
        return await self.transact(lambda: self._consume_recovery_code(account_id, plain, at=at))

    async def replace_recovery_codes(self, account_id: str, *, at: datetime) -> list[str]:
        """Return ten new recovery codes; they replace all earlier ones, in the ambient transaction."""
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODE_COUNT)]
        await self.recovery_codes.put(
            [
                RecoveryCodeDocument(
                    id=self.new_id("rcv"),
                    account_id=account_id,
                    code_hash=sha256_digest(normalize_code(code)),
                    created_at=at,
                )
                for code in codes
            ]
        )
        await self.security_events.record(account_id, SecurityEventKind.RECOVERY_CODES_REPLACED, at=at)
        return codes

    async def _consume_totp(self, totp: TotpDocument, code: str, *, at: datetime) -> bool:
        generator = pyotp.TOTP(await self.totps.open_secret(totp), digits=_DIGITS, interval=_STEP_SECONDS)
        current_step = int(at.timestamp()) // _STEP_SECONDS
        # One step of clock drift to each side (RFC 6238, 5.2). All three are compared, for constant time.
        matching_steps = [
            step
            for step in (current_step - 1, current_step, current_step + 1)
            if compare_digest(generator.generate_otp(step), _ascii_or_empty(code))
        ]
        return bool(matching_steps) and await self.totps.consume_step(totp, max(matching_steps))

    async def _consume_recovery_code(self, account_id: str, code: str, *, at: datetime) -> bool:
        if not await self.recovery_codes.consume(account_id, sha256_digest(code)):
            return False
        await self.security_events.record(account_id, SecurityEventKind.RECOVERY_CODE_USED, at=at)
        return True


def _new_recovery_code() -> str:
    encoded = base64.b32encode(random_bytes(_RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(encoded[start : start + 6] for start in range(0, len(encoded), 6))


def _ascii_or_empty(code: str) -> str:
    """Return *code* if it can be compared in constant time, else an empty string: codes are ASCII."""
    return code if code.isascii() else ""

"""Second factors of an account: add, list, remove. The owner is notified of each change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.domain.authentication.security import MAX_PASSKEYS, SecurityEventKind
from services.identity.emails.security import SecurityEmails
from services.identity.errors import (
    InvalidSecondFactorError,
    PasskeyNotFoundError,
    PasswordTooShortWithoutSecondFactorError,
    SecondFactorNotEnrolledError,
    TooManyPasskeysError,
    TotpNotFoundError,
)
from services.identity.service.authentication.otp import OtpService, TotpEnrollment
from services.identity.service.authentication.passkeys import AcceptedCredentials, CredentialOptions, WebAuthnService
from services.identity.store import (
    Accounts,
    Credentials,
    PasskeyDocument,
    Passkeys,
    RecoveryCodes,
    SecurityEvents,
    Totps,
)
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledFactors:
    """The second factors of an account."""

    totp_enrolled_at: datetime | None
    passkeys: list[PasskeyDocument]
    recovery_codes: int

    def __bool__(self) -> bool:
        return self.totp_enrolled_at is not None or bool(self.passkeys)

    @property
    def methods(self) -> list[str]:
        """The accepted methods, strongest first."""
        present = {"passkey": self.passkeys, "totp": self.totp_enrolled_at, "recovery_code": self.recovery_codes}
        return [name for name, enrolled in present.items() if enrolled]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorService:
    """Manages second factors. An enrolled one is always required: no path falls back to the password (I-12)."""

    accounts: Accounts
    credentials: Credentials
    otp_service: OtpService
    webauthn_service: WebAuthnService
    totps: Totps
    passkeys: Passkeys
    recovery_codes: RecoveryCodes
    security_events: SecurityEvents
    security_emails: SecurityEmails
    transact: Transact

    async def get_enrolled(self, account_id: str) -> EnrolledFactors:
        """Return the enrolled factors."""
        totp = await self.totps.get_by_account(account_id)
        return EnrolledFactors(
            totp_enrolled_at=totp.created_at if totp is not None and totp.confirmed else None,
            passkeys=await self.passkeys.list_by_account(account_id),
            recovery_codes=await self.recovery_codes.count(account_id),
        )

    async def list_accepted(self, account_id: str) -> AcceptedCredentials:
        """Return the accepted passkeys, for devices that still offer removed ones."""
        return await self.webauthn_service.list_accepted(account_id)

    async def begin_totp(self, account_id: str, *, at: datetime) -> TotpEnrollment:
        """Return the secret of a new authenticator app."""
        address = await self._get_email(account_id)
        return await self.otp_service.enroll_totp(account_id, address, at=at)

    async def confirm_totp(self, account_id: str, code: str, *, at: datetime) -> list[str]:
        """Confirm the app; return recovery codes if the account had none."""
        address = await self._get_email(account_id)

        async def confirm_and_record() -> list[str]:
            if not await self.otp_service.confirm_totp(account_id, code, at=at):
                raise InvalidSecondFactorError
            return await self._record_added(account_id, address, SecurityEventKind.TOTP_ADDED, at=at)

        return await self.transact(confirm_and_record)

    async def remove_totp(self, account_id: str, *, at: datetime) -> None:
        """Remove the authenticator app."""
        address = await self._get_email(account_id)

        async def delete_and_record() -> None:
            if not await self.totps.delete_by_account(account_id):
                raise TotpNotFoundError
            await self._record_removed(account_id, address, SecurityEventKind.TOTP_REMOVED, at=at)

        await self.transact(delete_and_record)

    async def begin_passkey(self, account_id: str, *, at: datetime) -> CredentialOptions:
        """Return the options for a new passkey."""
        address = await self._get_email(account_id)
        return await self.webauthn_service.registration_options(account_id, address, at=at)

    async def add_passkey(
        self, account_id: str, challenge_id: str, credential: Mapping[str, Any], *, label: str, at: datetime
    ) -> tuple[PasskeyDocument, list[str]]:
        """Store the new passkey; return it, and recovery codes if the account had none."""
        address = await self._get_email(account_id)
        if len(await self.passkeys.list_by_account(account_id)) >= MAX_PASSKEYS:
            raise TooManyPasskeysError
        passkey = await self.webauthn_service.verify_registration(
            account_id, challenge_id, credential, label=label, at=at
        )

        async def add_and_record() -> list[str]:
            await self.passkeys.add(passkey)
            return await self._record_added(account_id, address, SecurityEventKind.PASSKEY_ADDED, at=at)

        return passkey, await self.transact(add_and_record)

    async def remove_passkey(self, account_id: str, passkey_id: str, *, at: datetime) -> None:
        """Remove a passkey."""
        address = await self._get_email(account_id)

        async def delete_and_record() -> None:
            if not await self.passkeys.delete_passkey(passkey_id, account_id):
                raise PasskeyNotFoundError
            await self._record_removed(account_id, address, SecurityEventKind.PASSKEY_REMOVED, at=at)

        await self.transact(delete_and_record)

    async def replace_recovery_codes(self, account_id: str, *, at: datetime) -> list[str]:
        """Replace the recovery codes; return ten new ones."""
        address = await self._get_email(account_id)
        if not await self.get_enrolled(account_id):
            raise SecondFactorNotEnrolledError

        async def replace_and_notify() -> list[str]:
            await self.security_emails.send_security_event(
                account_id, address, SecurityEventKind.RECOVERY_CODES_REPLACED, at=at
            )
            return await self.otp_service.replace_recovery_codes(account_id, at=at)

        return await self.transact(replace_and_notify)

    async def remove_all(self, account_id: str) -> int:
        """Remove all factors and codes, in the ambient transaction; return the number of factors."""
        removed = await self.totps.delete_by_account(account_id) + await self.passkeys.delete_by_account(account_id)
        await self.recovery_codes.delete_by_account(account_id)
        return removed

    async def _get_email(self, account_id: str) -> str:
        account = await self.accounts.require_active(account_id)
        return await self.accounts.open_email(account, Purpose.SECURITY)

    async def _record_added(self, account_id: str, address: str, kind: SecurityEventKind, *, at: datetime) -> list[str]:
        await self.security_events.record(account_id, kind, at=at)
        await self.security_emails.send_security_event(account_id, address, kind, at=at)
        has_codes = await self.recovery_codes.count(account_id) > 0
        return [] if has_codes else await self.otp_service.replace_recovery_codes(account_id, at=at)

    async def _record_removed(self, account_id: str, address: str, kind: SecurityEventKind, *, at: datetime) -> None:
        """Record and notify; with the last factor, delete the recovery codes, or fail if the password is too short."""
        await self.security_events.record(account_id, kind, at=at)
        await self.security_emails.send_security_event(account_id, address, kind, at=at)
        if await self.get_enrolled(account_id):
            return
        password = await self.credentials.get_password(account_id)
        if password is not None and password.needs_second_factor:
            raise PasswordTooShortWithoutSecondFactorError
        await self.recovery_codes.delete_by_account(account_id)

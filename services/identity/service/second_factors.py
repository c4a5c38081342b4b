"""The second factors of an account: added, listed, removed; each change is told to the owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.domain.security import PASSKEYS_MOST, EventKind
from services.identity.errors import (
    AccountNotFoundError,
    NoSecondFactorError,
    PasskeyNotFoundError,
    SecondFactorRefusedError,
    SecondFactorStillNeededError,
    TooManyPasskeysError,
    TotpNotFoundError,
)
from services.identity.service.one_time_codes import Enrolment, OneTimeCodes
from services.identity.service.passkeys import Asked, PasskeyDesk
from services.identity.service.transact import Transact
from services.identity.store import (
    Accounts,
    Credentials,
    Passkey,
    Passkeys,
    RecoveryCodes,
    SecurityEvents,
    Totps,
)
from services.identity.store.notices import Notices
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an account can prove itself by besides its password."""

    totp_since: datetime | None
    passkeys: list[Passkey]
    recovery_codes: int

    def __bool__(self) -> bool:
        return self.totp_since is not None or bool(self.passkeys)

    @property
    def methods(self) -> list[str]:
        """The names of what may be sent, the strongest first."""
        present = {"passkey": self.passkeys, "totp": self.totp_since, "recovery_code": self.recovery_codes}
        return [name for name, held in present.items() if held]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """Any second factor that is there must be used: none is weaker than the password alone (I-12)."""

    accounts: Accounts
    credentials: Credentials
    codes: OneTimeCodes
    desk: PasskeyDesk
    totps: Totps
    passkeys: Passkeys
    recovery: RecoveryCodes
    events: SecurityEvents
    notices: Notices
    transact: Transact

    async def of(self, account_id: str) -> Held:
        """Return what the account has."""
        totp = await self.totps.of(account_id)
        return Held(
            totp_since=totp.created_at if totp is not None and totp.confirmed else None,
            passkeys=await self.passkeys.of(account_id),
            recovery_codes=await self.recovery.left(account_id),
        )

    async def begin_totp(self, account_id: str, *, at: datetime) -> Enrolment:
        """Make the secret for an app."""
        address = await self._address(account_id)
        return await self.codes.enrol(account_id, address, at=at)

    async def confirm_totp(self, account_id: str, code: str, *, at: datetime) -> list[str]:
        """Let the app count from now on; return recovery codes if there were none."""
        address = await self._address(account_id)

        async def confirm() -> list[str]:
            if not await self.codes.confirm(account_id, code, at=at):
                raise SecondFactorRefusedError
            return await self._added(account_id, address, EventKind.TOTP_ADDED, at=at)

        return await self.transact(confirm)

    async def remove_totp(self, account_id: str, *, at: datetime) -> None:
        """Remove the app."""
        address = await self._address(account_id)

        async def remove() -> None:
            if not await self.totps.delete(account_id):
                raise TotpNotFoundError
            await self._removed(account_id, address, EventKind.TOTP_REMOVED, at=at)

        await self.transact(remove)

    async def begin_passkey(self, account_id: str, *, at: datetime) -> Asked:
        """Ask the authenticator for a new passkey."""
        address = await self._address(account_id)
        return await self.desk.ask_for_new(account_id, address, at=at)

    async def add_passkey(
        self, account_id: str, challenge_id: str, credential: Mapping[str, Any], *, label: str, at: datetime
    ) -> tuple[Passkey, list[str]]:
        """Add the passkey that answers; return it, and recovery codes if there were none."""
        address = await self._address(account_id)
        if len(await self.passkeys.of(account_id)) >= PASSKEYS_MOST:
            raise TooManyPasskeysError
        passkey = await self.desk.made(account_id, challenge_id, credential, label=label, at=at)

        async def add() -> list[str]:
            await self.passkeys.add(passkey)
            return await self._added(account_id, address, EventKind.PASSKEY_ADDED, at=at)

        return passkey, await self.transact(add)

    async def remove_passkey(self, account_id: str, passkey_id: str, *, at: datetime) -> None:
        """Remove a passkey."""
        address = await self._address(account_id)

        async def remove() -> None:
            if not await self.passkeys.remove(passkey_id, account_id):
                raise PasskeyNotFoundError
            await self._removed(account_id, address, EventKind.PASSKEY_REMOVED, at=at)

        await self.transact(remove)

    async def new_recovery_codes(self, account_id: str, *, at: datetime) -> list[str]:
        """Make ten codes in place of all earlier ones."""
        address = await self._address(account_id)
        if not await self.of(account_id):
            raise NoSecondFactorError

        async def make() -> list[str]:
            await self.notices.changed(account_id, address, EventKind.RECOVERY_CODES_MADE, at=at)
            return await self.codes.new_recovery_codes(account_id, at=at)

        return await self.transact(make)

    async def _address(self, account_id: str) -> str:
        account = await self.accounts.active(account_id)
        if account is None:
            raise AccountNotFoundError
        return await self.accounts.address(account, Purpose.SECURITY)

    async def _added(self, account_id: str, address: str, kind: EventKind, *, at: datetime) -> list[str]:
        await self.events.note(account_id, kind, at=at)
        await self.notices.changed(account_id, address, kind, at=at)
        has_codes = await self.recovery.left(account_id) > 0
        return [] if has_codes else await self.codes.new_recovery_codes(account_id, at=at)

    async def _removed(self, account_id: str, address: str, kind: EventKind, *, at: datetime) -> None:
        """Tell the owner; with the last factor go the recovery codes, and a short password does not stand alone."""
        await self.events.note(account_id, kind, at=at)
        await self.notices.changed(account_id, address, kind, at=at)
        if await self.of(account_id):
            return
        password = await self.credentials.password_of(account_id)
        if password is not None and password.short:
            raise SecondFactorStillNeededError
        await self.recovery.delete(account_id)

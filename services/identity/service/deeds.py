"""What each act does; with ``ActDesk`` it is the only code by which staff changes anything of a customer's account."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.acts import ActKind, HoldScope
from services.identity.domain.security import EventKind
from services.identity.errors import AccountNotFoundError
from services.identity.errors.staff import ActPointlessError
from services.identity.service.address_changes import AddressDesk
from services.identity.service.app_passwords import Devices
from services.identity.service.erasures import ErasureSaga
from services.identity.service.freezing import Freezing
from services.identity.service.sessions import LiveSessions
from services.identity.store import (
    Account,
    Accounts,
    Act,
    Acts,
    Credentials,
    ErasureLedger,
    Hold,
    Holds,
    Resets,
    SecurityEvents,
    SignUps,
)
from services.identity.store.staff_letters import StaffLetters
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """Does an act that is allowed, in the transaction that settles it."""

    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    acts: Acts
    holds: Holds
    ledger: ErasureLedger
    resets: Resets
    live: LiveSessions
    devices: Devices
    events: SecurityEvents
    addresses: AddressDesk
    freezing: Freezing
    saga: ErasureSaga
    letters: StaffLetters

    async def prepare(self, act: Act, *, at: datetime) -> None:
        """Do before the act is settled what can be repeated and stands outside any transaction."""
        if act.kind is ActKind.CORRECT_ADDRESS and act.account_id is not None:
            address = await self.acts.new_address(act, Purpose.SUPPORT)
            await self.addresses.ask(act.account_id, address, user_agent="", at=at)

    async def do(self, act: Act, account: Account, *, at: datetime) -> None:
        """Do *act* to *account*; ActPointlessError when there is nothing to do."""
        if account.state != "active" and act.kind not in {ActKind.HOLD, ActKind.RELEASE_HOLD}:
            raise AccountNotFoundError
        match act.kind:
            case ActKind.CANCEL_PASSWORD:
                await self._cancel_password(account, at=at)
            case ActKind.FREEZE | ActKind.UNFREEZE:
                await self._freeze(act, account, at=at)
            case ActKind.PURGE_CHILD:
                await self._purge(act, account, at=at)
            case ActKind.HOLD | ActKind.RELEASE_HOLD:
                await self._hold(act, account, at=at)
            case ActKind.CORRECT_ADDRESS:
                pass  # Prepared: the new address must prove itself, and the old one can undo it.

    async def _cancel_password(self, account: Account, *, at: datetime) -> None:
        """End the password and all that was begun with it; no other one is set, here or anywhere by staff (C27)."""
        await self.credentials.cancel(account.id)
        await self.live.end_of(account.id, at=at)
        await self.devices.revoke_of(account.id, at=at)
        await self.resets.delete(account.id)
        await self.events.note(account.id, EventKind.PASSWORD_CANCELLED, at=at)
        await self.letters.password_cancelled(account.id, await self.accounts.address(account, Purpose.SECURITY))

    async def _freeze(self, act: Act, account: Account, *, at: datetime) -> None:
        if act.kind is ActKind.FREEZE:
            is_done = await self.freezing.freeze(account, reason=act.reason, at=at)
        else:
            is_done = await self.freezing.unfreeze(account, at=at)
        if not is_done:
            raise ActPointlessError

    async def _purge(self, act: Act, account: Account, *, at: datetime) -> None:
        """Erase everything at once; of the address a keyed hash stays, so that only a later age screen opens it."""
        await self.ledger.purge(account.email_index, at=at)
        await self.sign_ups.forget(account.email_index)
        await self.acts.caused(act, await self.saga.purge(account, at=at))

    async def _hold(self, act: Act, account: Account, *, at: datetime) -> None:
        if act.kind is ActKind.HOLD:
            await self.holds.add(_held(act, account, at=at))
            await self.saga.held(account.id, at=at)
        elif await self.holds.release(account.id, at=at):
            await self.saga.released(account.id, at=at)
        else:
            raise ActPointlessError


def _held(act: Act, account: Account, *, at: datetime) -> Hold:
    return Hold(
        id=act.id,
        account_id=account.id,
        scope=act.hold_scope or HoldScope.ACCOUNT,
        reason=act.reason,
        until=act.hold_until or act.expires_at,
        begun_at=at,
    )

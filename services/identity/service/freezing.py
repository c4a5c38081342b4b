"""Freezing an account: nobody is let in, whatever they know; the owner is told, and two people open it again."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.security import EventKind
from services.identity.service.app_passwords import Devices
from services.identity.service.sessions import LiveSessions
from services.identity.store import Account, Accounts, Resets, SecurityEvents
from services.identity.store.staff_letters import StaffLetters
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """Closes and opens accounts, in the ambient transaction."""

    accounts: Accounts
    live: LiveSessions
    devices: Devices
    resets: Resets
    events: SecurityEvents
    letters: StaffLetters

    async def freeze(self, account: Account, *, reason: str | None, at: datetime) -> bool:
        """End whatever opens the account; without a *reason* its owner asked. False when it is frozen already."""
        if not await self.accounts.freeze(account.id, at=at):
            return False
        await self.live.end_of(account.id, at=at)
        # Really revoked: whoever has taken one from a device must not be let in again when the account is opened.
        await self.devices.revoke_of(account.id, at=at)
        await self.resets.delete(account.id)
        await self.events.note(account.id, EventKind.FROZEN, at=at)
        await self.letters.frozen(account.id, await self._address(account), reason=reason)
        return True

    async def unfreeze(self, account: Account, *, at: datetime) -> bool:
        """Let the owner in again; False when the account is not frozen."""
        if not await self.accounts.unfreeze(account.id):
            return False
        await self.events.note(account.id, EventKind.UNFROZEN, at=at)
        await self.letters.unfrozen(account.id, await self._address(account))
        return True

    async def _address(self, account: Account) -> str:
        return await self.accounts.address(account, Purpose.SECURITY)

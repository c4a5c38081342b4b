"""Another address for an account: proven by a link there, told to the old one, which can undo it for seven days."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.security import ADDRESS_CHANGE_LIFETIME, UNDO_LIFETIME, EventKind
from services.identity.errors import AccountNotFoundError, AddressChangeRefusedError, AddressTakenError
from services.identity.service.app_passwords import Devices
from services.identity.service.sessions import LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import (
    Account,
    Accounts,
    AddressChange,
    AddressChanges,
    Farewells,
    MailGaps,
    Resets,
    SecurityEvents,
)
from services.identity.store.bounds import NEW_ADDRESS
from services.identity.store.notices import Notices
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId, digest, new_token
from shared.mail import Address
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDesk:
    """Takes wishes for another address, proofs, and undoings."""

    accounts: Accounts
    changes: AddressChanges
    farewells: Farewells
    gaps: MailGaps
    resets: Resets
    live: LiveSessions
    devices: Devices
    events: SecurityEvents
    notices: Notices
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def ask(self, account_id: str, email: str, *, user_agent: str, at: datetime) -> None:
        """Write to the new address; the answer is the same whether or not that has an account already (I-15)."""
        account, address = await self._active(account_id), Address(email).email
        index = self.accounts.index_of(address)
        if index == account.email_index:
            same = FieldProblem(field="email", code="same", message="This is your address already.")
            raise InvalidInputError(fields=(same,))
        if not await self.gaps.claim(index, matter=NEW_ADDRESS, at=at):
            return
        token = new_token()

        async def ask() -> None:
            is_taken = await self._taken(index, account_id, at=at)
            await self.changes.add(await self._asked(account, address, index, token, at=at))
            await self.events.note(account_id, EventKind.ADDRESS_CHANGE_ASKED, user_agent=user_agent, at=at)
            if is_taken:
                await self.notices.in_use(account_id, address)
            else:
                await self.notices.prove(account_id, address, token)

        await self.transact(ask)

    async def prove(self, token: str, *, at: datetime) -> None:
        """Move the account to the address that the link proves, once."""
        change = await self.changes.by_token(digest(token), "asked", at=at)
        if change is None:
            raise AddressChangeRefusedError
        try:
            await self.transact(lambda: self._move(change, at=at))
        except (AddressTakenError, AccountNotFoundError) as fault:
            raise AddressChangeRefusedError from fault

    async def undo(self, token: str, *, at: datetime) -> None:
        """Bring the account back to its old address; whoever moved it is thrown out."""
        change = await self.changes.by_token(digest(token), "changed", at=at)
        if change is None:
            raise AddressChangeRefusedError
        try:
            await self.transact(lambda: self._undo(change, at=at))
        except (AddressTakenError, AccountNotFoundError) as fault:
            raise AddressChangeRefusedError from fault

    async def _move(self, change: AddressChange, *, at: datetime) -> None:
        account, undo_token, until = await self._active(change.account_id), new_token(), at + UNDO_LIFETIME
        if account.email_index != change.old_email_index or await self._taken(change.email_index, account.id, at=at):
            raise AddressTakenError
        if not await self.changes.changed(change, digest(undo_token), until=until):
            raise AddressChangeRefusedError
        old, new = await self.accounts.address(account, Purpose.SECURITY), await self.changes.address(change)
        await self.accounts.move(account, await self.accounts.seal(account.id, new), change.email_index)
        await self.resets.delete(account.id)
        await self.gaps.forget(change.email_index)
        await self.notices.moved(account.id, old, undo_token, until=until)
        await self._tell(account.id, EventKind.ADDRESS_CHANGED, at=at)

    async def _undo(self, change: AddressChange, *, at: datetime) -> None:
        account = await self._active(change.account_id)
        if not await self.changes.use_up(change):
            raise AddressChangeRefusedError
        await self.changes.drop_after(account.id, change.created_at)
        old = await self.changes.old_address(change)
        await self.accounts.move(account, await self.accounts.seal(account.id, old), change.old_email_index)
        await self.live.end_of(account.id, at=at)
        await self.devices.revoke_of(account.id, at=at)
        await self.resets.delete(account.id)
        await self.farewells.delete(account.id)
        await self.notices.changed(account.id, old, EventKind.ADDRESS_CHANGE_UNDONE, at=at)
        await self._tell(account.id, EventKind.ADDRESS_CHANGE_UNDONE, at=at)

    async def _active(self, account_id: str) -> Account:
        account = await self.accounts.active(account_id)
        if account is None:
            raise AccountNotFoundError
        return account

    async def _taken(self, index: str, account_id: str, *, at: datetime) -> bool:
        owner = await self.accounts.at_address(index)
        reserved_for = await self.changes.reserved_for(index, at=at)
        return owner is not None or reserved_for not in {None, account_id}

    async def _asked(self, account: Account, address: str, index: str, token: str, *, at: datetime) -> AddressChange:
        old = await self.accounts.address(account, Purpose.ACCOUNT)
        return AddressChange(
            id=self.new_id("adc"),
            account_id=account.id,
            state="asked",
            token_hash=digest(token),
            email=await self.changes.seal(account.id, address),
            email_index=index,
            old_email=await self.changes.seal(account.id, old, old=True),
            old_email_index=account.email_index,
            created_at=at,
            expires_at=at + ADDRESS_CHANGE_LIFETIME,
        )

    async def _tell(self, account_id: str, kind: EventKind, *, at: datetime) -> None:
        await self.events.note(account_id, kind, at=at)
        fact = identity_v1.ContactChanged(account_id=account_id)
        fact.changed_at.FromDatetime(at)
        await self.outbox.put(fact, subject=account_id)

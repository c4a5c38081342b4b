"""The staff: accounts with roles, exactly those that the operator has listed (C21)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.access import Role
from services.identity.service.own_security import OwnSecurity
from services.identity.service.passwords import Passwords
from services.identity.service.sessions import LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, Credentials
from shared import observe
from shared.ids import NewId
from shared.mail import Address

log = observe.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the staff, as the operator lists them."""

    address: Address
    password: str
    roles: tuple[Role, ...]

    def __repr__(self) -> str:
        return f"Member(roles={self.roles})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRoster:
    """Makes the staff accounts what the list says; doing it again changes nothing."""

    accounts: Accounts
    credentials: Credentials
    passwords: Passwords
    live: LiveSessions
    security: OwnSecurity
    forget: Callable[[str], Awaitable[dict[str, int]]]
    """Erases what the chassis holds of an account, its key last (``Chassis.forget``)."""
    transact: Transact
    new_id: NewId

    async def make_sure(self, members: Sequence[Member], *, at: datetime) -> None:
        """Add who is missing, change what is different, take the accounts of those away who are no longer listed."""
        for member in members:
            await self._member(member, at=at)
        listed = {self.accounts.index_of(member.address.email) for member in members}
        for account in await self.accounts.staff():
            if account.email_index not in listed:
                await self._leave(account, at=at)

    async def _member(self, member: Member, *, at: datetime) -> None:
        account = await self.accounts.at_address(self.accounts.index_of(member.address.email))
        if account is None:
            await self._join(member, at=at)
        elif not account.roles:
            # A customer does not become staff by a setting: a person has two accounts then, at two addresses.
            log.error("staff.address_is_a_customers", roles=sorted(member.roles))
        else:
            await self._change(account, member, at=at)

    async def _join(self, member: Member, *, at: datetime) -> None:
        account_id = self.new_id("acc")
        secret = await self.passwords.new(member.password, address=member.address.email)

        async def join() -> None:
            await self.accounts.add(
                Account(
                    id=account_id,
                    username=self.new_id("u"),
                    email=await self.accounts.seal(account_id, member.address.email),
                    email_index=self.accounts.index_of(member.address.email),
                    state="active",
                    roles=list(member.roles),
                    age_screened_at=None,
                    verified_at=None,
                    created_at=at,
                )
            )
            await self.credentials.add_password(self.new_id("crd"), account_id, secret, at=at)

        await self.transact(join)
        log.info("staff.joined", account_id=account_id, roles=sorted(member.roles))

    async def _change(self, account: Account, member: Member, *, at: datetime) -> None:
        credential = await self.credentials.password_of(account.id)
        same = credential is not None and (await self.passwords.check(member.password, credential.secret)).right
        if same and set(account.roles) == set(member.roles):
            return
        secret = None if same else await self.passwords.new(member.password, address=member.address.email)

        async def change() -> None:
            await self.accounts.give_roles(account.id, list(member.roles))
            if secret is not None:
                await self.credentials.delete(account.id)
                await self.credentials.add_password(self.new_id("crd"), account.id, secret, at=at)
            await self.live.end_of(account.id, at=at)  # I-01: what was begun with other rights or another password

        await self.transact(change)
        log.info("staff.changed", account_id=account.id, roles=sorted(member.roles))

    async def _leave(self, account: Account, *, at: datetime) -> None:
        async def leave() -> None:
            await self.live.end_of(account.id, at=at)
            await self.credentials.delete(account.id)
            await self.security.delete(account.id)
            await self.accounts.delete(account.id)
            await self.forget(account.id)

        await self.transact(leave)
        log.info("staff.left", account_id=account.id)

"""The accounts of staff: exactly those in the operator's list (C21)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.sessions.access import Role
from services.identity.service.authentication.password_hasher import Argon2PasswordHasher
from services.identity.service.privacy_requests.security_export import SecurityDataExport
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import AccountDocument, Accounts, Credentials
from shared import observe
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact

log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAccountSpec:
    """A member of staff, from the operator's list."""

    email_address: EmailAddress
    password: str
    roles: tuple[Role, ...]

    def __repr__(self) -> str:
        return f"StaffAccountSpec(roles={self.roles})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffProvisioner:
    """Reconciles the staff accounts with the list. It is idempotent."""

    accounts: Accounts
    credentials: Credentials
    password_hasher: Argon2PasswordHasher
    session_service: SessionService
    security_export: SecurityDataExport
    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    """Erases the chassis's data of an account, its key last (``Chassis.erase_subject``)."""
    transact: Transact
    new_id: NewId

    async def reconcile(self, specs: Sequence[StaffAccountSpec], *, at: datetime) -> None:
        """Add missing accounts, update changed ones, delete those that are no longer listed."""
        for spec in specs:
            await self._reconcile_one(spec, at=at)
        listed = {self.accounts.blind_index(member.email_address) for member in specs}
        for account in await self.accounts.list_staff():
            if account.email_index not in listed:
                await self._remove(account, at=at)

    async def _reconcile_one(self, spec: StaffAccountSpec, *, at: datetime) -> None:
        account = await self.accounts.get_by_email(self.accounts.blind_index(spec.email_address))
        if account is None:
            await self._create(spec, at=at)
        elif not account.roles:
            # A setting must not turn a customer into staff: such a person has two accounts, at two addresses.
            log.error("staff.email_belongs_to_customer", roles=sorted(spec.roles))
        else:
            await self._update(account, spec, at=at)

    async def _create(self, spec: StaffAccountSpec, *, at: datetime) -> None:
        account_id = self.new_id("acc")
        password_hash = await self.password_hasher.hash_new(spec.password, address=spec.email_address.email)

        async def add_account() -> None:
            await self.accounts.add(
                AccountDocument(
                    id=account_id,
                    username=self.new_id("u"),
                    email=await self.accounts.seal(account_id, spec.email_address.email),
                    email_index=self.accounts.blind_index(spec.email_address),
                    state="active",
                    roles=list(spec.roles),
                    age_screened_at=None,
                    verified_at=None,
                    created_at=at,
                )
            )
            await self.credentials.add_password(self.new_id("crd"), account_id, password_hash, at=at)

        await self.transact(add_account)
        log.info("staff.added", account_id=account_id, roles=sorted(spec.roles))

    async def _update(self, account: AccountDocument, spec: StaffAccountSpec, *, at: datetime) -> None:
        credential = await self.credentials.get_password(account.id)
        same = (
            credential is not None
            and (await self.password_hasher.verify(spec.password, credential.password_hash)).is_correct
        )
        if same and set(account.roles) == set(spec.roles):
            return
        password_hash = (
            None if same else await self.password_hasher.hash_new(spec.password, address=spec.email_address.email)
        )

        async def update_account() -> None:
            await self.accounts.set_roles(account.id, list(spec.roles))
            if password_hash is not None:
                await self.credentials.delete_by_account(account.id)
                await self.credentials.add_password(self.new_id("crd"), account.id, password_hash, at=at)
            await self.session_service.revoke_all(
                account.id, at=at
            )  # I-01: sessions with other roles or another password end.

        await self.transact(update_account)
        log.info("staff.updated", account_id=account.id, roles=sorted(spec.roles))

    async def _remove(self, account: AccountDocument, *, at: datetime) -> None:
        async def delete_account() -> None:
            await self.session_service.revoke_all(account.id, at=at)
            await self.credentials.delete_by_account(account.id)
            await self.security_export.delete(account.id)
            await self.accounts.delete(account.id)
            await self.erase_subject(account.id)

        await self.transact(delete_account)
        log.info("staff.removed", account_id=account.id)

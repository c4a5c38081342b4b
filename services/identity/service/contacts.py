"""Shows contact data to others than its owner: for a purpose that the field carries, and on record (C06, C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.access import Role
from services.identity.errors import AccountNotFoundError, ReasonRefusedError
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, Reads
from services.identity.store.reads import Reader
from shared.crypto import PurposeRefusedError
from shared.errors import FieldProblem
from shared.mail import Address
from shared.policy import Purpose

EMAIL = "identity.accounts.email"
EMAIL_INDEX = "identity.accounts.email_index"
_LONGEST_BASIS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Answers services and staff."""

    accounts: Accounts
    reads: Reads
    transact: Transact

    async def resolve(self, account_id: str, *, asker: str, purpose: Purpose, basis: str, at: datetime) -> str | None:
        """Return the address of the account, also of one that is being erased: it may be owed a notice (C16)."""
        reader = Reader(kind="service", id=asker, purpose=purpose, basis=checked_reason(basis))
        if not self.accounts.may_resolve(purpose):
            await self._refuse(account_id, EMAIL, reader, at=at)
        account = await self.accounts.get(account_id)
        if account is None:
            return None
        address = await self.accounts.address(account, purpose)
        await self._shown(account, EMAIL, reader, at=at)
        return address

    async def find(self, email: str, *, asker: str, purpose: Purpose, basis: str, at: datetime) -> str | None:
        """Return the id of the account at *email*."""
        found = await self._find(
            email, Reader(kind="service", id=asker, purpose=purpose, basis=checked_reason(basis)), at=at
        )
        return None if found is None else found.id

    async def find_for_staff(
        self, email: str, *, staff_id: str, roles: frozenset[str], reason: str, at: datetime
    ) -> Account:
        """Return the account at *email* to a member of the staff, whose reason the owner can read."""
        purpose = Purpose.SUPPORT if roles & {Role.SUPPORT, Role.ADMIN} else Purpose.LEGAL_DISCLOSURE
        reader = Reader(kind="staff", id=staff_id, purpose=purpose, basis=checked_reason(reason))
        found = await self._find(email, reader, at=at)
        if found is None:
            raise AccountNotFoundError
        return found

    async def _find(self, email: str, reader: Reader, *, at: datetime) -> Account | None:
        if not self.accounts.may_find(reader.purpose):
            # Of whom is not said: the purpose is wrong whoever it is.
            await self._refuse("", EMAIL_INDEX, reader, at=at)
        found = await self.accounts.at_address(self.accounts.index_of(Address(email).email))
        if found is not None:
            await self._shown(found, EMAIL_INDEX, reader, at=at)
        return found

    async def _shown(self, account: Account, field: str, reader: Reader, *, at: datetime) -> None:
        await self.transact(lambda: self.reads.shown(account.id, [field], reader, at=at))

    async def _refuse(self, account_id: str, field: str, reader: Reader, *, at: datetime) -> None:
        await self.reads.refused(account_id, [field], reader, at=at)
        raise PurposeRefusedError(f"{field} may not be read for {reader.purpose}")


def checked_reason(basis: str) -> str:
    """Return *basis* if it can stand in the ledger and in an event: a case, a request; no address."""
    if len(basis) > _LONGEST_BASIS or not basis.isprintable() or "@" in basis:
        wrong = FieldProblem(field="reason", code="personal", message="Name the case or the request, not the person.")
        raise ReasonRefusedError(fields=(wrong,))
    return basis

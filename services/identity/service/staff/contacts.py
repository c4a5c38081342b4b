"""Discloses contact data for a declared purpose, on record (C06, C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.sessions.access import Role
from services.identity.errors import AccountNotFoundError, InvalidReasonError
from services.identity.store import AccountDocument, Accounts, DataAccessLog
from services.identity.store.staff.data_access import Recipient
from shared.crypto import PurposeDeniedError
from shared.errors import FieldProblem
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose

EMAIL_FIELD = "identity.accounts.email"
EMAIL_INDEX_FIELD = "identity.accounts.email_index"
_MAX_BASIS_LENGTH = 200


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account, and whether its address is spelled in another way than the one searched for.

    A message from a spelling that is not the stored one does not prove who owns the account.
    """

    account: AccountDocument
    spelling_differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactResolver:
    """Resolves contacts for services and staff."""

    accounts: Accounts
    data_access_log: DataAccessLog
    transact: Transact

    async def resolve(self, account_id: str, *, caller: str, purpose: Purpose, basis: str, at: datetime) -> str | None:
        """Return the email address, also during an erasure: a notice may be due (C16)."""
        recipient = Recipient(kind="service", id=caller, purpose=purpose, basis=validate_reason(basis))
        if not self.accounts.may_resolve_email(purpose):
            await self._deny_access(account_id, EMAIL_FIELD, recipient, at=at)
        account = await self.accounts.get(account_id)
        if account is None:
            return None
        address = await self.accounts.open_email(account, purpose)
        await self._record_access(account, EMAIL_FIELD, recipient, at=at)
        return address

    async def find_account(self, email: str, *, caller: str, purpose: Purpose, basis: str, at: datetime) -> str | None:
        """Return the id of the account at *email*, or None."""
        account = await self._find_account(
            email, Recipient(kind="service", id=caller, purpose=purpose, basis=validate_reason(basis)), at=at
        )
        return None if account is None else account.id

    async def find_for_staff(
        self, email: str, *, staff_id: str, roles: frozenset[str], reason: str, at: datetime
    ) -> FoundAccount:
        """Return the account at *email* to staff; the owner sees the reason. AccountNotFoundError if there is none."""
        purpose = Purpose.SUPPORT if roles & {Role.SUPPORT, Role.ADMIN} else Purpose.LEGAL_DISCLOSURE
        recipient = Recipient(kind="staff", id=staff_id, purpose=purpose, basis=validate_reason(reason))
        account = await self._find_account(email, recipient, at=at)
        if account is None:
            raise AccountNotFoundError
        stored = await self.accounts.open_email(account, purpose)
        return FoundAccount(account, spelling_differs=stored != EmailAddress(email).email)

    async def _find_account(self, email: str, recipient: Recipient, *, at: datetime) -> AccountDocument | None:
        if not self.accounts.may_find(recipient.purpose):
            # Recorded without an account: the purpose is wrong for every account.
            await self._deny_access("", EMAIL_INDEX_FIELD, recipient, at=at)
        account = await self.accounts.get_by_email(self.accounts.blind_index(EmailAddress(email)))
        if account is not None:
            await self._record_access(account, EMAIL_INDEX_FIELD, recipient, at=at)
        return account

    async def _record_access(self, account: AccountDocument, field: str, recipient: Recipient, *, at: datetime) -> None:
        await self.transact(lambda: self.data_access_log.record(account.id, [field], recipient, at=at))

    async def _deny_access(self, account_id: str, field: str, recipient: Recipient, *, at: datetime) -> None:
        await self.data_access_log.record_denied(account_id, [field], recipient, at=at)
        raise PurposeDeniedError(f"{field} may not be disclosed for {recipient.purpose}")


def validate_reason(basis: str) -> str:
    """Return *basis* if it may be stored in the ledger; InvalidReasonError if it contains an address."""
    if len(basis) > _MAX_BASIS_LENGTH or not basis.isprintable() or "@" in basis:
        wrong = FieldProblem(
            field="reason", code="personal", message="Give the number of the case or request, not the person."
        )
        raise InvalidReasonError(fields=(wrong,))
    return basis

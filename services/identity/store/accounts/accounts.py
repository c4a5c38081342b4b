"""Accounts. Email addresses are sealed; an account is found by the blind index of its address."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from services.identity.domain.sessions.access import Role
from services.identity.errors import AccountNotFoundError, EmailTakenError
from shared.crypto import Vault, build_associated_data
from shared.ids import new_token
from shared.mail import EmailAddress
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal, personal_fields
from shared.policy import Purpose

RECEIPT_PURPOSES = frozenset({Purpose.BILLING, Purpose.REFUND, Purpose.CREDIT})
"""For receipts, which identity sends itself: payments does not learn the address."""
_EMAIL_PURPOSES = {
    Purpose.ACCOUNT,
    Purpose.SECURITY,
    Purpose.CRITICAL_NOTICE,
    Purpose.LEGAL_DISCLOSURE,
    Purpose.SUPPORT,
    Purpose.EXPORT,
    *RECEIPT_PURPOSES,
    # For partners that write to customers on our behalf, such as a carrier, within their agreement (C13).
    Purpose.PARTNER_SERVICE,
}
_LOOKUP_PURPOSES = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.LEGAL_DISCLOSURE, Purpose.SUPPORT}
_AGE_SCREEN_PURPOSES = {Purpose.ACCOUNT, Purpose.EXPORT}


class AccountDocument(Document):
    """An account with a verified email address. Staff are accounts with roles."""

    collection: ClassVar[str] = "accounts"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("email_index", unique=True), Index("username", unique=True))

    username: Annotated[
        str, Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.SYNC, Purpose.EXPORT}, UNTIL_ERASED)
    ]
    email: Annotated[bytes, Personal(Category.CONTACT, _EMAIL_PURPOSES, UNTIL_ERASED)]
    email_index: Annotated[str, Personal(Category.CONTACT, _LOOKUP_PURPOSES, UNTIL_ERASED)]
    """The blind index of the address. During erasure it is the account id, so that the address is free again."""
    state: Literal["active", "erasing"]
    roles: list[Role]
    age_screened_at: Annotated[datetime | None, Personal(Category.CONSENT, _AGE_SCREEN_PURPOSES, UNTIL_ERASED)]
    """When the age screen was passed. The answers are not stored (C23)."""
    verified_at: datetime | None
    created_at: datetime
    frozen_at: datetime | None = None
    """Since when login is blocked."""
    lock_nonce: str = ""
    """Random; see ``Accounts.lock_for_update``."""


class Accounts:
    """The accounts."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(AccountDocument)
        self._vault = vault

    async def lock_for_update(self, account_id: str) -> None:
        """Serialize the ambient transaction with all others that lock the same account.

        MongoDB detects conflicts of writes only. Two transactions that merely read the account could both act on a
        state that the other is changing.
        """
        await self._rows.update_one({"_id": account_id}, {"$set": {"lock_nonce": new_token(64)}})

    def blind_index(self, email: EmailAddress) -> str:
        """Return the blind index of *email*, the same for all spellings of one mailbox (decision 15)."""
        return self._vault.blind_index(build_associated_data(AccountDocument, "email"), email.lookup_key)

    async def seal(self, account_id: str, email: str) -> bytes:
        """Return *email* sealed under the account's key."""
        return await self._vault.seal(account_id, build_associated_data(AccountDocument, "email"), email.encode())

    async def add(self, account: AccountDocument) -> None:
        """Store a new account; EmailTakenError if the address has an account."""
        try:
            await self._rows.insert_one(account)
        except DuplicateError as fault:
            raise EmailTakenError from fault

    async def get(self, account_id: str) -> AccountDocument | None:
        """Return the account in any state, or None."""
        return await self._rows.get(account_id)

    async def get_active(self, account_id: str) -> AccountDocument | None:
        """Return the account, or None if there is none or it is being erased."""
        return await self._rows.find_one({"_id": account_id, "state": "active"})

    async def require_active(self, account_id: str) -> AccountDocument:
        """Return the account; AccountNotFoundError if there is none or it is being erased."""
        account = await self.get_active(account_id)
        if account is None:
            raise AccountNotFoundError
        return account

    async def get_by_email(self, email_index: str) -> AccountDocument | None:
        """Return the active account with this blind index, or None."""
        return await self._rows.find_one({"email_index": email_index, "state": "active"})

    async def open_email(self, account: AccountDocument, purpose: Purpose) -> str:
        """Return the email address; PurposeDeniedError if *purpose* does not allow it."""
        return await self._vault.open_field(account, "email", purpose)

    def field_names(self) -> frozenset[str]:
        """Return the names of an account's personal fields, as agreements and the ledger use them."""
        return frozenset(
            f"identity.{build_associated_data(AccountDocument, name)}" for name in personal_fields(AccountDocument)
        )

    async def project_fields(self, account: AccountDocument, fields: Iterable[str], purpose: Purpose) -> dict[str, str]:
        """Return the values of those *fields* that *purpose* allows."""
        declared = {
            f"identity.{build_associated_data(AccountDocument, name)}": mark
            for name, mark in personal_fields(AccountDocument).items()
        }
        disclosable = sorted(name for name in fields if name in declared and declared[name].allows(purpose))
        return {name: await self._open_field(account, name.rpartition(".")[2], purpose) for name in disclosable}

    async def _open_field(self, account: AccountDocument, field: str, purpose: Purpose) -> str:
        value = getattr(account, field)
        return await self._vault.open_field(account, field, purpose) if isinstance(value, bytes) else str(value)

    def may_find(self, purpose: Purpose) -> bool:
        """Return whether *purpose* allows finding an account by email address."""
        return personal_fields(AccountDocument)["email_index"].allows(purpose)

    def may_resolve_email(self, purpose: Purpose) -> bool:
        """Return whether another service may read an account's email address for *purpose*.

        Never for a partner or a receipt: identity itself discloses to partners, within the agreement (C13), and sends
        the receipts.
        """
        own = {Purpose.PARTNER_SERVICE, *RECEIPT_PURPOSES}
        return purpose not in own and personal_fields(AccountDocument)["email"].allows(purpose)

    def may_match_username(self, purpose: Purpose) -> bool:
        """Return whether *purpose* allows matching a username with an app password."""
        return personal_fields(AccountDocument)["username"].allows(purpose)

    async def list_staff(self) -> list[AccountDocument]:
        """Return the active accounts with roles."""
        return await self._rows.list({"state": "active", "roles.0": {"$exists": True}})

    async def set_roles(self, account_id: str, roles: list[Role]) -> None:
        """Set the roles of a member of staff."""
        await self._rows.update_one({"_id": account_id}, {"$set": {"roles": roles}})

    async def count_unscreened(self) -> int:
        """Return the number of customers who have not passed the age screen; it must be 0 (C23)."""
        return await self._rows.count_documents({"roles": [], "age_screened_at": None})

    async def count_unverified(self) -> int:
        """Return the number of active customers without a verified email address; it must be 0 (C24)."""
        return await self._rows.count_documents({"roles": [], "state": "active", "verified_at": None})

    async def count(self) -> int:
        """Return the number of accounts."""
        return await self._rows.count_documents({})

    async def list_inactive_ids(self, account_ids: list[str]) -> set[str]:
        """Return those of *account_ids* that cannot log in: unknown, frozen or being erased."""
        found = await self._rows.list({"_id": {"$in": account_ids}, "state": "active", "frozen_at": None})
        return set(account_ids) - {account.id for account in found}

    async def change_email(self, account: AccountDocument, email: bytes, email_index: str) -> None:
        """Set the email address, in the ambient transaction; EmailTakenError if another account has it."""
        if not await self._rows.delete_many(
            {"_id": account.id, "email_index": account.email_index, "state": account.state}
        ):
            raise AccountNotFoundError
        await self.add(account.model_copy(update={"email": email, "email_index": email_index}))

    def throttle_key(self, kind: str, value: str) -> str:
        """Return the key of a throttle for *value*. It is a blind index, so it does not reveal the value."""
        return self._vault.blind_index(f"login_throttles.{kind}", value)

    async def freeze_account(self, account_id: str, *, at: datetime) -> bool:
        """Block login; return False if the account is frozen already or does not exist."""
        wanted = {"_id": account_id, "state": "active", "frozen_at": None}
        return await self._rows.update_one(wanted, {"$set": {"frozen_at": at}}) == 1

    async def unfreeze_account(self, account_id: str) -> bool:
        """Allow login again; return False if the account is not frozen."""
        wanted = {"_id": account_id, "state": "active", "frozen_at": {"$ne": None}}
        return await self._rows.update_one(wanted, {"$set": {"frozen_at": None}}) == 1

    async def count_screened_before(self, email_index: str, purged_at: datetime) -> int:
        """Return the number of accounts at an address that passed the age screen before a child was purged there."""
        return await self._rows.count_documents({"email_index": email_index, "age_screened_at": {"$lte": purged_at}})

    async def get_roles(self, account_ids: list[str]) -> dict[str, list[Role]]:
        """Return the roles of those *account_ids* that exist."""
        return {one.id: one.roles for one in await self._rows.list({"_id": {"$in": account_ids}})}

    async def start_erasure(self, account_id: str) -> bool:
        """Mark the account as erasing and free its address, in the ambient transaction; False if it was not active."""
        account = await self.get_active(account_id)
        if account is None or not await self._rows.delete_many({"_id": account_id, "state": "active"}):
            return False
        # Insert instead of update: the embedded server keeps rejecting a unique value that an update has replaced.
        await self._rows.insert_one(account.model_copy(update={"state": "erasing", "email_index": account_id}))
        return True

    async def delete(self, account_id: str) -> int:
        """Delete the account. The caller also destroys its key, which makes copies in backups unreadable."""
        return await self._rows.delete_many({"_id": account_id})

"""Accounts, passwords, sign-ups whose address is not proven yet. Addresses are sealed, found by blind index."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from services.identity.domain.access import Role
from services.identity.errors import AccountNotFoundError, AddressTakenError
from shared.crypto import Vault, place_of
from shared.ids import new_token
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for, personal_fields
from shared.policy import Purpose

_CONTACT = {
    Purpose.ACCOUNT,
    Purpose.SECURITY,
    Purpose.CRITICAL_NOTICE,
    Purpose.LEGAL_DISCLOSURE,
    Purpose.SUPPORT,
    Purpose.EXPORT,
    # For partners that write to customers in our name, such as a carrier: no more than their agreement names (C13).
    Purpose.PARTNER_SERVICE,
}
_FINDING = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.LEGAL_DISCLOSURE, Purpose.SUPPORT}
_SIGN_UP_KEPT = keep_for(1)
_SCREENED = {Purpose.ACCOUNT, Purpose.EXPORT}


class Account(Document):
    """Somebody with a proven address; staff are accounts with roles."""

    collection: ClassVar[str] = "accounts"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("email_index", unique=True), Index("username", unique=True))

    username: Annotated[
        str, Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.SYNC, Purpose.EXPORT}, UNTIL_ERASED)
    ]
    email: Annotated[bytes, Personal(Category.CONTACT, _CONTACT, UNTIL_ERASED)]
    email_index: Annotated[str, Personal(Category.CONTACT, _FINDING, UNTIL_ERASED)]
    """What the account is found by; its own id once it is being erased: the address is free from then on."""
    state: Literal["active", "erasing"]
    roles: list[Role]
    age_screened_at: Annotated[datetime | None, Personal(Category.CONSENT, _SCREENED, UNTIL_ERASED)]
    """When the age screen was passed; what was answered is not kept (C23)."""
    verified_at: datetime | None
    created_at: datetime
    frozen_at: datetime | None = None
    """Since when nobody is let in, not even with the right password."""
    turn: str = ""
    """Random; see ``Accounts.take_turn``."""


class Credential(Document):
    """How an account proves itself; for now one password, by its Argon2id hash with salt and parameters."""

    collection: ClassVar[str] = "credentials"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id", "kind", unique=True),)

    account_id: str
    kind: Literal["password"]
    secret: Annotated[str, Personal(Category.CREDENTIAL, {Purpose.SECURITY}, UNTIL_ERASED)]
    short: bool = False
    """Too short to stand alone: the account must keep a second factor."""
    created_at: datetime
    changed_at: datetime


class SignUp(Document):
    """A wish for an account, until its address is proven; its id becomes the account's."""

    collection: ClassVar[str] = "sign_ups"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("token_hash", unique=True), Index("email_index"), Index("expires_at"))

    token_hash: bytes
    email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.ACCOUNT}, _SIGN_UP_KEPT)]
    email_index: Annotated[str, Personal(Category.CONTACT, {Purpose.ACCOUNT}, _SIGN_UP_KEPT)]
    secret: Annotated[str, Personal(Category.CREDENTIAL, {Purpose.SECURITY}, _SIGN_UP_KEPT)]
    age_screened_at: Annotated[datetime, Personal(Category.CONSENT, _SCREENED, _SIGN_UP_KEPT)]
    created_at: datetime
    expires_at: datetime


class Accounts:
    """The accounts."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(Account)
        self._vault = vault

    async def take_turn(self, account_id: str) -> None:
        """Let the ambient transaction come before or after every other one that takes a turn at the account.

        Neither then decides by what the other is about to change; a read alone would not collide.
        """
        await self._rows.update({"_id": account_id}, {"$set": {"turn": new_token(64)}})

    def index_of(self, address: str) -> str:
        """Return the blind index of *address*; upper and lower case of one address are one person's."""
        return self._vault.blind(place_of(Account, "email"), address.casefold())

    async def seal(self, account_id: str, address: str) -> bytes:
        """Return *address* as an account holds it."""
        return await self._vault.seal(account_id, place_of(Account, "email"), address.encode())

    async def add(self, account: Account) -> None:
        """Store a new account; AddressTakenError when its address already has one."""
        try:
            await self._rows.insert(account)
        except DuplicateError as fault:
            raise AddressTakenError from fault

    async def get(self, account_id: str) -> Account | None:
        """Return the account, whatever its state."""
        return await self._rows.get(account_id)

    async def active(self, account_id: str) -> Account | None:
        """Return the account unless it is being erased."""
        return await self._rows.find_one({"_id": account_id, "state": "active"})

    async def at_address(self, index: str) -> Account | None:
        """Return the active account whose address has this blind index."""
        return await self._rows.find_one({"email_index": index, "state": "active"})

    async def address(self, account: Account, purpose: Purpose) -> str:
        """Return the address for *purpose*; PurposeRefusedError when it is not held for that."""
        return await self._vault.reveal(account, "email", purpose)

    def field_names(self) -> frozenset[str]:
        """Return the personal fields of an account as agreements and the ledger name them."""
        return frozenset(f"identity.{place_of(Account, name)}" for name in personal_fields(Account))

    async def projected(self, account: Account, fields: Iterable[str], purpose: Purpose) -> dict[str, str]:
        """Return those of *fields* that are held for *purpose*; each is opened under its own declaration."""
        held = {f"identity.{place_of(Account, name)}": mark for name, mark in personal_fields(Account).items()}
        shown = sorted(name for name in fields if name in held and held[name].allows(purpose))
        return {name: await self._shown(account, name.rpartition(".")[2], purpose) for name in shown}

    async def _shown(self, account: Account, field: str, purpose: Purpose) -> str:
        value = getattr(account, field)
        return await self._vault.reveal(account, field, purpose) if isinstance(value, bytes) else str(value)

    def may_find(self, purpose: Purpose) -> bool:
        """Tell whether an account may be looked for by its address for *purpose*."""
        return personal_fields(Account)["email_index"].allows(purpose)

    def may_resolve(self, purpose: Purpose) -> bool:
        """Tell whether another service may read the address of an account for *purpose*.

        Never for a partner: what a partner sees, identity itself shows, within the agreement (C13).
        """
        return purpose is not Purpose.PARTNER_SERVICE and personal_fields(Account)["email"].allows(purpose)

    def may_sync(self, purpose: Purpose) -> bool:
        """Tell whether a username may be held against an app password for *purpose*."""
        return personal_fields(Account)["username"].allows(purpose)

    async def staff(self) -> list[Account]:
        """Return the active accounts that have roles."""
        return await self._rows.list({"state": "active", "roles.0": {"$exists": True}})

    async def give_roles(self, account_id: str, roles: list[Role]) -> None:
        """Replace the roles of a member of the staff."""
        await self._rows.update({"_id": account_id}, {"$set": {"roles": roles}})

    async def unscreened(self) -> int:
        """Return how many customers never passed the age screen (C23): none, while all is well."""
        return await self._rows.count({"roles": [], "age_screened_at": None})

    async def unproven(self) -> int:
        """Return how many customers are active although their address is not proven (C24)."""
        return await self._rows.count({"roles": [], "state": "active", "verified_at": None})

    async def count(self) -> int:
        """Return how many accounts there are."""
        return await self._rows.count({})

    async def not_active(self, account_ids: list[str]) -> set[str]:
        """Return those of *account_ids* that may not be logged in: unknown, frozen, or being erased."""
        found = await self._rows.list({"_id": {"$in": account_ids}, "state": "active", "frozen_at": None})
        return set(account_ids) - {account.id for account in found}

    async def move(self, account: Account, email: bytes, email_index: str) -> None:
        """Give the account another address, in the ambient transaction; AddressTakenError when that has an account."""
        if not await self._rows.delete({"_id": account.id, "email_index": account.email_index, "state": account.state}):
            raise AccountNotFoundError
        await self.add(account.model_copy(update={"email": email, "email_index": email_index}))

    def bucket(self, kind: str, value: str) -> str:
        """Return where guesses of one *kind* at one *value* are counted; it tells nothing about the value."""
        return self._vault.blind(f"guesses.{kind}", value)

    async def freeze(self, account_id: str, *, at: datetime) -> bool:
        """Let nobody in any more; False when the account is frozen, or not there."""
        wanted = {"_id": account_id, "state": "active", "frozen_at": None}
        return await self._rows.update(wanted, {"$set": {"frozen_at": at}}) == 1

    async def unfreeze(self, account_id: str) -> bool:
        """Let the owner in again; False when the account is not frozen."""
        wanted = {"_id": account_id, "state": "active", "frozen_at": {"$ne": None}}
        return await self._rows.update(wanted, {"$set": {"frozen_at": None}}) == 1

    async def screened_too_early(self, email_index: str, purged_at: datetime) -> int:
        """Return how many accounts at an address passed the age screen before a child's account there was purged."""
        return await self._rows.count({"email_index": email_index, "age_screened_at": {"$lte": purged_at}})

    async def roles_of(self, account_ids: list[str]) -> dict[str, list[Role]]:
        """Return the roles of those of *account_ids* that exist."""
        return {one.id: one.roles for one in await self._rows.list({"_id": {"$in": account_ids}})}

    async def begin_erasing(self, account_id: str) -> bool:
        """Close the account and free its address, in the ambient transaction; False when it is closed already."""
        account = await self.active(account_id)
        if account is None or not await self._rows.delete({"_id": account_id, "state": "active"}):
            return False
        # Put anew and not updated: the embedded server goes on refusing a unique value that an update has replaced.
        await self._rows.insert(account.model_copy(update={"state": "erasing", "email_index": account_id}))
        return True

    async def delete(self, account_id: str) -> int:
        """Delete the account; whoever calls it also destroys the key that opens what backups still hold of it."""
        return await self._rows.delete({"_id": account_id})


class Credentials:
    """The passwords, by their hashes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(Credential)

    async def password_of(self, account_id: str) -> Credential | None:
        """Return the password of the account."""
        return await self._rows.find_one({"account_id": account_id, "kind": "password"})

    async def add_password(self, credential_id: str, account_id: str, secret: str, *, at: datetime) -> None:
        """Store the first password of an account."""
        await self._rows.insert(
            Credential(
                id=credential_id, account_id=account_id, kind="password", secret=secret, created_at=at, changed_at=at
            )
        )

    async def set_password(
        self, credential_id: str, account_id: str, secret: str, *, short: bool = False, at: datetime
    ) -> None:
        """Store another password in place of the one that the account has, if it has one."""
        change = {"$set": {"secret": secret, "short": short, "changed_at": at}}
        if await self._rows.update({"account_id": account_id, "kind": "password"}, change) == 0:
            await self.add_password(credential_id, account_id, secret, at=at)

    async def rehash(self, credential: Credential, secret: str) -> None:
        """Store the same password by a hash with newer parameters, unless it was changed in between."""
        wanted = {"_id": credential.id, "secret": credential.secret}
        await self._rows.update(wanted, {"$set": {"secret": secret}})

    async def cancel(self, account_id: str) -> int:
        """Take the password of an account away; its owner sets another one by a link in a mail."""
        return await self._rows.delete({"account_id": account_id, "kind": "password"})

    async def older_than(self, account_id: str, at: datetime) -> int:
        """Return how many passwords of the account were there before that time."""
        return await self._rows.count({"account_id": account_id, "created_at": {"$lt": at}})

    async def not_argon2id(self) -> tuple[int, int]:
        """Return how many passwords are stored, and how many of them otherwise than by Argon2id (C24)."""
        # A range instead of a negated pattern: every server answers it alike, and from an index if there is one.
        outside = {"$or": [{"secret": {"$lt": "$argon2id$"}}, {"secret": {"$gte": "$argon2id%"}}, {"secret": None}]}
        return await self._rows.count({}), await self._rows.count(outside)

    async def delete(self, account_id: str) -> int:
        """Delete every credential of the account."""
        return await self._rows.delete({"account_id": account_id})


class SignUps:
    """The sign-ups that wait for the proof of their address."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(SignUp)
        self._vault = vault

    async def seal(self, sign_up_id: str, address: str) -> bytes:
        """Return *address* as a sign-up holds it."""
        return await self._vault.seal(sign_up_id, place_of(SignUp, "email"), address.encode())

    async def add(self, sign_up: SignUp) -> None:
        """Store a new sign-up."""
        await self._rows.insert(sign_up)

    async def by_token(self, token_hash: bytes) -> SignUp | None:
        """Return the sign-up whose link carries the token with this hash."""
        return await self._rows.find_one({"token_hash": token_hash})

    async def address(self, sign_up: SignUp) -> str:
        """Return the address that is to be proven."""
        return await self._vault.reveal(sign_up, "email", Purpose.ACCOUNT)

    async def unscreened(self) -> int:
        """Return how many never passed the age screen (C23): none, while all is well."""
        return await self._rows.count({"age_screened_at": None})

    async def forget(self, email_index: str) -> int:
        """Delete the sign-ups of an address, keys first."""
        for sign_up in await self._rows.list({"email_index": email_index}):
            await self._vault.forget(sign_up.id)
        return await self._rows.delete({"email_index": email_index})

    async def use_up(self, sign_up: SignUp) -> None:
        """Delete the sign-up and all others of its address: one proof settles them."""
        for other in await self._rows.list({"email_index": sign_up.email_index, "_id": {"$ne": sign_up.id}}):
            await self._vault.forget(other.id)
        await self._rows.delete({"email_index": sign_up.email_index})

    async def drop_expired(self, at: datetime) -> int:
        """Delete what nobody proved in time, keys first."""
        expired = await self._rows.list({"expires_at": {"$lte": at}}, limit=500)
        for sign_up in expired:
            await self._vault.forget(sign_up.id)
        return await self._rows.delete({"_id": {"$in": [sign_up.id for sign_up in expired]}})

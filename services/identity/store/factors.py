"""Second factors and passkeys: one-time codes by their sealed secret, passkeys by their public key, recovery codes."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.errors import PasskeyTakenError
from shared.crypto import Vault, place_of
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_OWNERS = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}
_SECRET = Personal(Category.CREDENTIAL, {Purpose.SECURITY}, UNTIL_ERASED)


class Totp(Document):
    """The app that makes one-time codes (RFC 6238), one for each account, whose id is its own."""

    collection: ClassVar[str] = "totps"
    subject: ClassVar[str | None] = "id"

    secret: Annotated[bytes, _SECRET]
    """Sealed; in base 32 once opened."""
    confirmed: bool
    """Whether a code has shown that the app has the secret; before that it protects nothing and locks nobody out."""
    last_step: int
    """The time step of the newest code that was used: neither it nor an older one works again."""
    created_at: datetime


class RecoveryCode(Document):
    """One unused recovery code, by its hash; a used one is deleted."""

    collection: ClassVar[str] = "recovery_codes"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"),)

    account_id: str
    code_hash: Annotated[bytes, _SECRET]
    created_at: datetime


class Passkey(Document):
    """A passkey: what verifies its signatures, and what its owner calls it."""

    collection: ClassVar[str] = "passkeys"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("credential_id", unique=True))

    account_id: str
    credential_id: Annotated[str, _SECRET]
    public_key: Annotated[bytes, _SECRET]
    sign_count: int
    """How often the authenticator says it has signed; 0 for those that are synchronised and do not count."""
    label: Annotated[str, Personal(Category.DEVICE, _OWNERS, UNTIL_ERASED)]
    created_at: datetime
    last_used_at: Annotated[datetime | None, Personal(Category.USAGE, _OWNERS, UNTIL_ERASED)]


class Totps:
    """The apps that make one-time codes."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(Totp)
        self._vault = vault

    async def begin(self, account_id: str, secret: str, *, at: datetime) -> bool:
        """Store a secret that is not confirmed yet, in place of an earlier one; False when a confirmed one is there."""
        sealed = await self._vault.seal(account_id, place_of(Totp, "secret"), secret.encode())
        row = Totp(id=account_id, secret=sealed, confirmed=False, last_step=0, created_at=at)
        if await self._rows.replace(row, expect={"confirmed": False}):
            return True
        try:
            await self._rows.insert(row)
        except DuplicateError:
            return False
        return True

    async def of(self, account_id: str) -> Totp | None:
        """Return the app of the account, confirmed or not."""
        return await self._rows.get(account_id)

    async def secret(self, totp: Totp) -> str:
        """Return the secret in base 32."""
        return await self._vault.reveal(totp, "secret", Purpose.SECURITY)

    async def use(self, totp: Totp, step: int) -> bool:
        """Use the code of *step* up, and confirm the app; False when it, or a later one, was used before."""
        wanted = {"_id": totp.id, "secret": totp.secret, "last_step": {"$lt": step}}
        return await self._rows.update(wanted, {"$set": {"last_step": step, "confirmed": True}}) == 1

    async def delete(self, account_id: str) -> int:
        """Delete the app of the account."""
        return await self._rows.delete({"_id": account_id})


class RecoveryCodes:
    """The recovery codes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(RecoveryCode)

    async def put(self, codes: list[RecoveryCode]) -> None:
        """Store new codes of one account in place of all earlier ones, in the ambient transaction."""
        await self.delete(codes[0].account_id)
        await self._rows.insert_many(codes)

    async def use(self, account_id: str, code_hash: bytes) -> bool:
        """Use a code up; False when the account has no such code: of two requests at once one is told yes."""
        return await self._rows.delete({"account_id": account_id, "code_hash": code_hash}, many=False) == 1

    async def left(self, account_id: str) -> int:
        """Return how many are left."""
        return await self._rows.count({"account_id": account_id})

    async def delete(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete({"account_id": account_id})


class Passkeys:
    """The passkeys."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(Passkey)

    async def add(self, passkey: Passkey) -> None:
        """Store a new passkey; PasskeyTakenError when it is registered already, with whomever."""
        try:
            await self._rows.insert(passkey)
        except DuplicateError as fault:
            raise PasskeyTakenError from fault

    async def of(self, account_id: str) -> list[Passkey]:
        """Return those of the account, the newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)])

    async def by_credential(self, credential_id: str) -> Passkey | None:
        """Return the passkey with this id of the authenticator's."""
        return await self._rows.find_one({"credential_id": credential_id})

    async def use(self, passkey: Passkey, sign_count: int, *, at: datetime) -> bool:
        """Note a use; False when another use with the same count was first: one of the two is a copy."""
        wanted = {"_id": passkey.id, "sign_count": passkey.sign_count}
        return await self._rows.update(wanted, {"$set": {"sign_count": sign_count, "last_used_at": at}}) == 1

    async def remove(self, passkey_id: str, account_id: str) -> bool:
        """Delete one of the account; False when it has no such passkey."""
        return await self._rows.delete({"_id": passkey_id, "account_id": account_id}) == 1

    async def delete(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete({"account_id": account_id})

"""Second factors and passkeys: one-time codes by their sealed secret, passkeys by their public key, recovery codes."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.errors import PasskeyAlreadyRegisteredError
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_OWNER_PURPOSES = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}
_SECRET_DATA = Personal(Category.CREDENTIAL, {Purpose.SECURITY}, UNTIL_ERASED)


class TotpDocument(Document):
    """The app that makes one-time codes (RFC 6238), one for each account, whose id is its own."""

    collection: ClassVar[str] = "totps"
    subject: ClassVar[str | None] = "id"

    secret: Annotated[bytes, _SECRET_DATA]
    """Sealed; in base 32 once opened."""
    confirmed: bool
    """Whether a code has shown that the app has the secret; before that it protects nothing and locks nobody out."""
    last_used_step: int
    """The time step of the newest code that was used: neither it nor an older one works again."""
    created_at: datetime


class RecoveryCodeDocument(Document):
    """One unused recovery code, by its hash; a used one is deleted."""

    collection: ClassVar[str] = "recovery_codes"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"),)

    account_id: str
    code_hash: Annotated[bytes, _SECRET_DATA]
    created_at: datetime


class PasskeyDocument(Document):
    """A passkey: what verifies its signatures, and what its owner calls it."""

    collection: ClassVar[str] = "passkeys"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("credential_id", unique=True))

    account_id: str
    credential_id: Annotated[str, _SECRET_DATA]
    public_key: Annotated[bytes, _SECRET_DATA]
    sign_count: int
    """How often the authenticator says it has signed; 0 for those that are synchronised and do not count."""
    label: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, UNTIL_ERASED)]
    created_at: datetime
    last_used_at: Annotated[datetime | None, Personal(Category.USAGE, _OWNER_PURPOSES, UNTIL_ERASED)]


class Totps:
    """The apps that make one-time codes."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(TotpDocument)
        self._vault = vault

    async def start_enrollment(self, account_id: str, secret: str, *, at: datetime) -> bool:
        """Store a secret that is not confirmed yet, in place of an earlier one; False when a confirmed one is there."""
        sealed = await self._vault.seal(account_id, build_associated_data(TotpDocument, "secret"), secret.encode())
        row = TotpDocument(id=account_id, secret=sealed, confirmed=False, last_used_step=0, created_at=at)
        if await self._rows.replace_one(row, expect={"confirmed": False}):
            return True
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            return False
        return True

    async def get_by_account(self, account_id: str) -> TotpDocument | None:
        """Return the app of the account, confirmed or not."""
        return await self._rows.get(account_id)

    async def open_secret(self, totp: TotpDocument) -> str:
        """Return the secret in base 32."""
        return await self._vault.open_field(totp, "secret", Purpose.SECURITY)

    async def consume_step(self, totp: TotpDocument, step: int) -> bool:
        """Use the code of *step* up, and confirm the app; False when it, or a later one, was used before."""
        wanted = {"_id": totp.id, "secret": totp.secret, "last_used_step": {"$lt": step}}
        return await self._rows.update_one(wanted, {"$set": {"last_used_step": step, "confirmed": True}}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the app of the account."""
        return await self._rows.delete_many({"_id": account_id})


class RecoveryCodes:
    """The recovery codes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(RecoveryCodeDocument)

    async def put(self, codes: list[RecoveryCodeDocument]) -> None:
        """Store new codes of one account in place of all earlier ones, in the ambient transaction."""
        await self.delete_by_account(codes[0].account_id)
        await self._rows.insert_many(codes)

    async def consume(self, account_id: str, code_hash: bytes) -> bool:
        """Use a code up; False when the account has no such code: of two requests at once one is told yes."""
        return await self._rows.delete_one({"account_id": account_id, "code_hash": code_hash}) == 1

    async def count(self, account_id: str) -> int:
        """Return how many are left."""
        return await self._rows.count_documents({"account_id": account_id})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete_many({"account_id": account_id})


class Passkeys:
    """The passkeys."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(PasskeyDocument)

    async def add(self, passkey: PasskeyDocument) -> None:
        """Store a new passkey; PasskeyTakenError when it is registered already, with whomever."""
        try:
            await self._rows.insert_one(passkey)
        except DuplicateError as fault:
            raise PasskeyAlreadyRegisteredError from fault

    async def list_by_account(self, account_id: str) -> list[PasskeyDocument]:
        """Return those of the account, the newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)])

    async def get_by_credential_id(self, credential_id: str) -> PasskeyDocument | None:
        """Return the passkey with this id of the authenticator's."""
        return await self._rows.find_one({"credential_id": credential_id})

    async def record_use(self, passkey: PasskeyDocument, sign_count: int, *, at: datetime) -> bool:
        """Note a use; False when another use with the same count was first: one of the two is a copy."""
        wanted = {"_id": passkey.id, "sign_count": passkey.sign_count}
        return await self._rows.update_one(wanted, {"$set": {"sign_count": sign_count, "last_used_at": at}}) == 1

    async def delete_passkey(self, passkey_id: str, account_id: str) -> bool:
        """Delete one of the account; False when it has no such passkey."""
        return await self._rows.delete_many({"_id": passkey_id, "account_id": account_id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete all of the account."""
        return await self._rows.delete_many({"account_id": account_id})

"""Second factors: TOTP secrets, passkeys and recovery codes."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.errors import PasskeyAlreadyRegisteredError
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, DuplicateError, Index
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose

_OWNER_PURPOSES = {Purpose.SECURITY, Purpose.ACCOUNT, Purpose.EXPORT}
_SECRET_DATA = Personal(Category.CREDENTIAL, {Purpose.SECURITY}, UNTIL_ERASED)


class TotpDocument(Document):
    """The authenticator app (RFC 6238) of an account; its id is the account id."""

    collection: ClassVar[str] = "totps"
    subject: ClassVar[str | None] = "id"

    secret: Annotated[bytes, _SECRET_DATA]
    """Sealed base32."""
    confirmed: bool
    """Whether a code has confirmed the app. Until then it is not required at login."""
    last_used_step: int
    """The time step of the newest code used. Neither it nor an older one is accepted again."""
    created_at: datetime


class RecoveryCodeDocument(Document):
    """An unused recovery code, by its hash. A used one is deleted."""

    collection: ClassVar[str] = "recovery_codes"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"),)

    account_id: str
    code_hash: Annotated[bytes, _SECRET_DATA]
    created_at: datetime


class PasskeyDocument(Document):
    """A passkey: its public key, and the name its owner gave it."""

    collection: ClassVar[str] = "passkeys"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account_id"), Index("credential_id", unique=True))

    account_id: str
    credential_id: Annotated[str, _SECRET_DATA]
    public_key: Annotated[bytes, _SECRET_DATA]
    sign_count: int
    """The signature counter of the authenticator; 0 for synchronised passkeys, which have none."""
    label: Annotated[str, Personal(Category.DEVICE, _OWNER_PURPOSES, UNTIL_ERASED)]
    transports: Annotated[list[str], Personal(Category.DEVICE, _OWNER_PURPOSES, UNTIL_ERASED)] = Field(
        default_factory=list
    )
    """How browsers reach the authenticator: internal, hybrid, usb."""
    created_at: datetime
    last_used_at: Annotated[datetime | None, Personal(Category.USAGE, _OWNER_PURPOSES, UNTIL_ERASED)]


class Totps:
    """The authenticator apps."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(TotpDocument)
        self._vault = vault

    async def start_enrollment(self, account_id: str, secret: str, *, at: datetime) -> bool:
        """Store an unconfirmed secret, replacing an unconfirmed one; False if a confirmed one exists."""
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
        """Return the app of the account, confirmed or not, or None."""
        return await self._rows.get(account_id)

    async def open_secret(self, totp: TotpDocument) -> str:
        """Return the base32 secret."""
        return await self._vault.open_field(totp, "secret", Purpose.SECURITY)

    async def consume_step(self, totp: TotpDocument, step: int) -> bool:
        """Use the code of *step* and confirm the app; False if it or a later one was used before."""
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
        """Store the codes of one account, replacing all earlier ones, in the ambient transaction."""
        await self.delete_by_account(codes[0].account_id)
        await self._rows.insert_many(codes)

    async def consume(self, account_id: str, code_hash: bytes) -> bool:
        """Use a code; False if the account has no such code. Of several concurrent calls, one returns True."""
        return await self._rows.delete_one({"account_id": account_id, "code_hash": code_hash}) == 1

    async def count(self, account_id: str) -> int:
        """Return the number of unused codes."""
        return await self._rows.count_documents({"account_id": account_id})

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the recovery codes of the account."""
        return await self._rows.delete_many({"account_id": account_id})


class Passkeys:
    """The passkeys."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(PasskeyDocument)

    async def add(self, passkey: PasskeyDocument) -> None:
        """Store a new passkey; PasskeyAlreadyRegisteredError if any account has it."""
        try:
            await self._rows.insert_one(passkey)
        except DuplicateError as fault:
            raise PasskeyAlreadyRegisteredError from fault

    async def list_by_account(self, account_id: str) -> list[PasskeyDocument]:
        """Return the passkeys of the account, newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)])

    async def get_by_credential_id(self, credential_id: str) -> PasskeyDocument | None:
        """Return the passkey with this WebAuthn credential id, or None."""
        return await self._rows.find_one({"credential_id": credential_id})

    async def record_use(self, passkey: PasskeyDocument, sign_count: int, *, at: datetime) -> bool:
        """Record a use; False if another use had the same counter, which means that the passkey was cloned."""
        wanted = {"_id": passkey.id, "sign_count": passkey.sign_count}
        return await self._rows.update_one(wanted, {"$set": {"sign_count": sign_count, "last_used_at": at}}) == 1

    async def delete_passkey(self, passkey_id: str, account_id: str) -> bool:
        """Delete a passkey of the account; False if it has no such passkey."""
        return await self._rows.delete_many({"_id": passkey_id, "account_id": account_id}) == 1

    async def delete_by_account(self, account_id: str) -> int:
        """Delete the passkeys of the account."""
        return await self._rows.delete_many({"account_id": account_id})

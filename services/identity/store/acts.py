"""What staff did, or wants to do, to accounts; the record of it outlives the account without naming it."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.acts import ActKind, ActState, HoldScope, Verification
from shared.crypto import Vault, place_of
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_KEPT = keep_for(3 * 365, since="asked_at")
_FOR = {
    *(Purpose.ACCOUNT, Purpose.SECURITY, Purpose.SUPPORT),
    *(Purpose.LEGAL_DISCLOSURE, Purpose.EXPORT, Purpose.ERASURE),
}
_OWNERS = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.SUPPORT, Purpose.EXPORT}
_BATCH = 50


class Act(Document):
    """One act; of an erased account it says that it was done and by whom, no longer to whom."""

    collection: ClassVar[str] = "acts"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", ("asked_at", -1)),
        Index("state", "_id"),
        Index("kind", "state", ("settled_at", -1)),
        Index("asked_at"),
    )

    account_id: Annotated[str | None, Personal(Category.PSEUDONYM, _FOR, _KEPT)]
    kind: ActKind
    state: ActState
    reason: str
    """The case or the request; the owner reads it."""
    verification: Verification | None
    new_email: Annotated[bytes | None, Personal(Category.CONTACT, _OWNERS, _KEPT)]
    """Sealed under the account's key."""
    hold_scope: HoldScope | None
    hold_until: datetime | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    asked_entry: str
    """The entry in the ledger that whoever asked has caused."""
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_entry: str | None = None
    erasure_id: str | None = None


class Acts:
    """The acts."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(Act)
        self._vault = vault

    async def seal(self, account_id: str, address: str) -> bytes:
        """Return *address* as an act holds it."""
        return await self._vault.seal(account_id, place_of(Act, "new_email"), address.encode())

    async def new_address(self, act: Act, purpose: Purpose) -> str:
        """Return the address that is to be put in place of the account's."""
        return await self._vault.reveal(act, "new_email", purpose)

    async def add(self, act: Act) -> None:
        """Store a new act."""
        await self._rows.insert(act)

    async def get(self, act_id: str) -> Act | None:
        """Return the act."""
        return await self._rows.get(act_id)

    async def open_one(self, account_id: str, kind: ActKind, *, at: datetime) -> Act | None:
        """Return the act of this kind that waits for somebody to allow it."""
        wanted = {"account_id": account_id, "kind": kind, "state": ActState.ASKED, "expires_at": {"$gt": at}}
        return await self._rows.find_one(wanted)

    async def of(self, account_id: str) -> list[Act]:
        """Return what was done, or is to be done, to an account, the newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("asked_at", -1)], limit=_BATCH)

    async def page(self, state: ActState | None, *, after: str | None, most: int) -> list[Act]:
        """Return acts in the order of their ids, from behind *after*."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=most)

    async def settle(self, act: Act, state: ActState, *, by: str, entry: str, at: datetime) -> bool:
        """End an act that waits; of several people at once, one is told yes."""
        change = {"state": state, "settled_by": by, "settled_entry": entry, "settled_at": at}
        return await self._rows.update({"_id": act.id, "state": ActState.ASKED}, {"$set": change}) == 1

    async def caused(self, act: Act, erasure_id: str) -> None:
        """Note the erasure that an act has begun."""
        await self._rows.update({"_id": act.id}, {"$set": {"erasure_id": erasure_id}})

    async def expire(self, at: datetime) -> int:
        """Make void what nobody has allowed in time; return how many."""
        wanted = {"state": ActState.ASKED, "expires_at": {"$lte": at}}
        change = {"state": ActState.EXPIRED, "settled_at": at, "new_email": None}
        return await self._rows.update(wanted, {"$set": change}, many=True)

    async def done_since(self, since: datetime, *, most: int, kind: ActKind | None = None) -> list[Act]:
        """Return the newest acts that are done."""
        where: dict[str, object] = {"state": ActState.DONE, "settled_at": {"$gt": since}}
        if kind is not None:
            where["kind"] = kind
        return await self._rows.list(where, sort=[("settled_at", -1)], limit=most)

    async def asked_since(self, since: datetime, *, most: int) -> list[Act]:
        """Return the newest acts, whatever became of them."""
        return await self._rows.list({"asked_at": {"$gt": since}}, sort=[("asked_at", -1)], limit=most)

    async def forget(self, account_id: str) -> int:
        """Keep the acts and forget whose account it was: it is being erased."""
        change = {"account_id": None, "new_email": None}
        return await self._rows.update({"account_id": account_id}, {"$set": change}, many=True)

"""Admin actions. The record outlives the account, without naming it."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.identity.domain.staff.admin_actions import AdminActionKind, AdminActionState, HoldScope, OwnerVerification
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_RETENTION = retain_for(3 * 365, since="requested_at")
_ACCOUNT_PURPOSES = {
    *(Purpose.ACCOUNT, Purpose.SECURITY, Purpose.SUPPORT),
    *(Purpose.LEGAL_DISCLOSURE, Purpose.EXPORT, Purpose.ERASURE),
}
_OWNER_PURPOSES = {Purpose.ACCOUNT, Purpose.SECURITY, Purpose.SUPPORT, Purpose.EXPORT}
_BATCH_SIZE = 50


class AdminActionDocument(Document):
    """An admin action. After an erasure it still says what was done and by whom, but not to whom."""

    collection: ClassVar[str] = "admin_actions"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account_id", ("requested_at", -1)),
        Index("state", "_id"),
        Index("kind", "state", ("completed_at", -1)),
        Index("requested_at"),
        Index("state", "takes_effect_at"),
    )

    account_id: Annotated[str | None, Personal(Category.PSEUDONYM, _ACCOUNT_PURPOSES, _RETENTION)]
    kind: AdminActionKind
    state: AdminActionState
    reason: str
    """The number of the case or request. The owner sees it."""
    verification: OwnerVerification | None
    new_email: Annotated[bytes | None, Personal(Category.CONTACT, _OWNER_PURPOSES, _RETENTION)]
    """Sealed under the account's key."""
    hold_scope: HoldScope | None
    hold_until: datetime | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    requested_entry_id: str
    """The ledger entry of the requester's access."""
    completed_by: str | None = None
    completed_at: datetime | None = None
    completed_entry_id: str | None = None
    erasure_id: str | None = None
    takes_effect_at: datetime | None = None
    """When an approved action takes effect, unless the owner objects."""
    objection_hash: bytes | None = None
    """The digest of the token by which the owner objects."""


class AdminActions:
    """The admin actions."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(AdminActionDocument)
        self._vault = vault

    async def seal(self, account_id: str, email: str) -> bytes:
        """Return *email* sealed under the account's key."""
        return await self._vault.seal(
            account_id, build_associated_data(AdminActionDocument, "new_email"), email.encode()
        )

    async def open_new_email(self, action: AdminActionDocument, purpose: Purpose) -> str:
        """Return the new email address."""
        return await self._vault.open_field(action, "new_email", purpose)

    async def add(self, action: AdminActionDocument) -> None:
        """Store a new action."""
        await self._rows.insert_one(action)

    async def get(self, action_id: str) -> AdminActionDocument | None:
        """Return the action, or None."""
        return await self._rows.get(action_id)

    async def get_pending(self, account_id: str, kind: AdminActionKind, *, at: datetime) -> AdminActionDocument | None:
        """Return the pending or waiting action of this kind for the account, or None."""
        open_states = [
            {"state": AdminActionState.PENDING, "expires_at": {"$gt": at}},
            {"state": AdminActionState.WAITING},
        ]
        return await self._rows.find_one({"account_id": account_id, "kind": kind, "$or": open_states})

    async def list_by_account(self, account_id: str) -> list[AdminActionDocument]:
        """Return the actions on an account, newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("requested_at", -1)], limit=_BATCH_SIZE)

    async def list_page(
        self, state: AdminActionState | None, *, after: str | None, limit: int
    ) -> list[AdminActionDocument]:
        """Return a page of actions by id."""
        where: dict[str, object] = {} if state is None else {"state": state}
        if after is not None:
            where["_id"] = {"$gt": after}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def complete(
        self, action: AdminActionDocument, state: AdminActionState, *, by: str, entry_id: str, at: datetime
    ) -> bool:
        """Complete a pending action; of several concurrent calls, one returns True."""
        change = {"state": state, "completed_by": by, "completed_entry_id": entry_id, "completed_at": at}
        return await self._rows.update_one({"_id": action.id, "state": AdminActionState.PENDING}, {"$set": change}) == 1

    async def mark_waiting(
        self, action: AdminActionDocument, objection_hash: bytes, *, by: str, entry_id: str, takes_effect_at: datetime
    ) -> bool:
        """Let an approved action wait; of several concurrent calls, one returns True."""
        change = {
            "state": AdminActionState.WAITING,
            "completed_by": by,
            "completed_entry_id": entry_id,
            "takes_effect_at": takes_effect_at,
            "objection_hash": objection_hash,
        }
        return await self._rows.update_one({"_id": action.id, "state": AdminActionState.PENDING}, {"$set": change}) == 1

    async def settle_action(self, action: AdminActionDocument, state: AdminActionState, *, at: datetime) -> bool:
        """End the wait of an action; of several concurrent calls, one returns True."""
        change = {"state": state, "completed_at": at, "objection_hash": None}
        return await self._rows.update_one({"_id": action.id, "state": AdminActionState.WAITING}, {"$set": change}) == 1

    async def get_by_objection(self, objection_hash: bytes) -> AdminActionDocument | None:
        """Return the waiting action with this digest, or None."""
        return await self._rows.find_one({"state": AdminActionState.WAITING, "objection_hash": objection_hash})

    async def list_waiting(self, account_id: str) -> list[AdminActionDocument]:
        """Return the actions that the owner can object to."""
        return await self._rows.list({"account_id": account_id, "state": AdminActionState.WAITING})

    async def list_due(self, at: datetime) -> list[AdminActionDocument]:
        """Return the waiting actions whose time has come."""
        wanted = {"state": AdminActionState.WAITING, "takes_effect_at": {"$lte": at}}
        return await self._rows.list(wanted, sort=["takes_effect_at"], limit=_BATCH_SIZE)

    async def set_erasure(self, action: AdminActionDocument, erasure_id: str) -> None:
        """Record the erasure that an action started."""
        await self._rows.update_one({"_id": action.id}, {"$set": {"erasure_id": erasure_id}})

    async def expire_pending(self, at: datetime) -> int:
        """Expire pending actions whose deadline has passed; return their number."""
        wanted = {"state": AdminActionState.PENDING, "expires_at": {"$lte": at}}
        change = {"state": AdminActionState.EXPIRED, "completed_at": at, "new_email": None}
        return await self._rows.update_many(wanted, {"$set": change})

    async def list_done_since(
        self, since: datetime, *, limit: int, kind: AdminActionKind | None = None
    ) -> list[AdminActionDocument]:
        """Return the newest completed actions."""
        where: dict[str, object] = {"state": AdminActionState.COMPLETED, "completed_at": {"$gt": since}}
        if kind is not None:
            where["kind"] = kind
        return await self._rows.list(where, sort=[("completed_at", -1)], limit=limit)

    async def list_requested_since(self, since: datetime, *, limit: int) -> list[AdminActionDocument]:
        """Return the newest actions in any state."""
        return await self._rows.list({"requested_at": {"$gt": since}}, sort=[("requested_at", -1)], limit=limit)

    async def anonymize(self, account_id: str) -> int:
        """Remove the account from its actions: it is being erased."""
        change = {"account_id": None, "new_email": None}
        return await self._rows.update_many({"account_id": account_id}, {"$set": change})

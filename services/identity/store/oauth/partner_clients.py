"""OAuth clients of partners. Their permissions are in the agreement, which disclosure stores."""

from datetime import datetime
from typing import ClassVar

from shared.mongo import Database, Document, Index


class PartnerClientDocument(Document):
    """A client of a partner, bound to one agreement. It concerns a company, not a person."""

    collection: ClassVar[str] = "partner_clients"
    indexes: ClassVar[tuple[Index, ...]] = (Index("agreement_id"),)

    partner_name: str
    agreement_id: str
    scopes: list[str]
    secret_hash: bytes
    previous_secret_hash: bytes | None = None
    """The secret before the last rotation, valid until ``previous_secret_expires_at``."""
    previous_secret_expires_at: datetime | None = None
    rotation_id: str = ""
    """The idempotency key of the last rotation: its retry replaces the new secret, and keeps the previous one."""
    grant_id: str
    """The session of all its tokens. Revoking them starts a new one."""
    created_at: datetime
    revoked_at: datetime | None = None


class PartnerClients:
    """The partner clients."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(PartnerClientDocument)

    async def put(self, client: PartnerClientDocument) -> None:
        """Store a client, replacing the one with its id."""
        await self._rows.upsert_one(client)

    async def get(self, client_id: str) -> PartnerClientDocument | None:
        """Return the client, revoked or not, or None."""
        return await self._rows.get(client_id)

    async def list_page(self, *, after: str | None, limit: int) -> list[PartnerClientDocument]:
        """Return a page of clients by id, revoked ones included."""
        where = {} if after is None else {"_id": {"$gt": after}}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def list_by_agreement(self, agreement_id: str) -> list[PartnerClientDocument]:
        """Return the active clients of an agreement."""
        return await self._rows.list({"agreement_id": agreement_id, "revoked_at": None})

    async def rotate_secret(
        self, client: PartnerClientDocument, secret_hash: bytes, *, rotation_id: str, previous_expires_at: datetime
    ) -> bool:
        """Store a new secret beside the present one; False if another rotation was first, or the client is revoked."""
        wanted = {"_id": client.id, "secret_hash": client.secret_hash, "revoked_at": None}
        previous = {} if client.rotation_id == rotation_id else {"previous_secret_hash": client.secret_hash}
        changed = {
            "secret_hash": secret_hash,
            "rotation_id": rotation_id,
            "previous_secret_expires_at": previous_expires_at,
            **previous,
        }
        return await self._rows.update_one(wanted, {"$set": changed}) == 1

    async def rotate_grant(self, client: PartnerClientDocument, grant_id: str) -> None:
        """Start a new grant: tokens of the old one are rejected."""
        await self._rows.update_one({"_id": client.id}, {"$set": {"grant_id": grant_id}})

    async def revoke(self, client: PartnerClientDocument, *, at: datetime) -> bool:
        """Mark the client as revoked; False if it was revoked before."""
        return await self._rows.update_one({"_id": client.id, "revoked_at": None}, {"$set": {"revoked_at": at}}) == 1

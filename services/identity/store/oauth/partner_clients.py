"""The clients of partners; what they may do stands in the agreement, which disclosure holds."""

from datetime import datetime
from typing import ClassVar

from shared.mongo import Database, Document, Index


class PartnerClientDocument(Document):
    """A program of a partner, bound to one agreement; about a company, not a person."""

    collection: ClassVar[str] = "partner_clients"
    indexes: ClassVar[tuple[Index, ...]] = (Index("agreement_id"),)

    partner_name: str
    agreement_id: str
    scopes: list[str]
    secret_hash: bytes
    grant_id: str
    """The session of all its tokens; a new one begins when they are revoked."""
    created_at: datetime
    revoked_at: datetime | None = None


class PartnerClients:
    """The clients."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(PartnerClientDocument)

    async def put(self, client: PartnerClientDocument) -> None:
        """Store a client, in place of the one with its id."""
        await self._rows.upsert_one(client)

    async def get(self, client_id: str) -> PartnerClientDocument | None:
        """Return the client, ended or not."""
        return await self._rows.get(client_id)

    async def list_page(self, *, after: str | None, limit: int) -> list[PartnerClientDocument]:
        """Return clients by their ids, from behind *after*, ended ones too."""
        where = {} if after is None else {"_id": {"$gt": after}}
        return await self._rows.list(where, sort=["_id"], limit=limit)

    async def list_by_agreement(self, agreement_id: str) -> list[PartnerClientDocument]:
        """Return the live clients of an agreement."""
        return await self._rows.list({"agreement_id": agreement_id, "revoked_at": None})

    async def rotate_grant(self, client: PartnerClientDocument, grant_id: str) -> None:
        """Begin a new grant: tokens of the old one are refused."""
        await self._rows.update_one({"_id": client.id}, {"$set": {"grant_id": grant_id}})

    async def revoke(self, client: PartnerClientDocument, *, at: datetime) -> bool:
        """Give the client no more tokens; False when it was ended before."""
        return await self._rows.update_one({"_id": client.id, "revoked_at": None}, {"$set": {"revoked_at": at}}) == 1

"""The register of inspections and their accesses, and the restricted view that they have (C12)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from services.sync.domain.frames import MAX_INLINE_SIZE
from services.sync.domain.inspections import CLIENT_STATE_SUFFIX, Inspection, InspectionAccess
from services.sync.domain.tree import NodeKind, root_id
from services.sync.errors import AccountClosedError, CorruptContentError, NotClientStateError, ResourceNotFoundError
from services.sync.store.account_keys import AccountKeys
from services.sync.store.ciphers import AccountCipher
from services.sync.store.documents import (
    ContentDocument,
    InspectionAccessDocument,
    InspectionCountDocument,
    InspectionDocument,
    NodeDocument,
)
from shared.mongo import Database


class Inspections:
    """Reads and writes the register."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows, self._accesses = db.get_collection(InspectionDocument), db.get_collection(InspectionAccessDocument)
        self._counts = db.get_collection(InspectionCountDocument)

    async def add(self, inspection: Inspection) -> None:
        """Insert a requested inspection."""
        await self._rows.insert_one(InspectionDocument(**asdict(inspection)))

    async def get(self, inspection: str) -> Inspection | None:
        """Return an inspection."""
        row = await self._rows.get(inspection)
        return None if row is None else _to_inspection(row)

    async def update(self, inspection: Inspection, *, expected: Inspection) -> bool:
        """Replace an inspection; False when it is no longer as *expected*."""
        expect = {
            "approved_by": expected.approved_by,
            "ended_at": expected.ended_at,
            "access_count": expected.access_count,
        }
        return await self._rows.replace_one(InspectionDocument(**asdict(inspection)), expect=expect)

    async def add_to_month(self, month: str) -> None:
        """Count an inspection that was opened in *month*."""
        if not await self._counts.update_one({"_id": month}, {"$inc": {"opened": 1}}):
            await self._counts.insert_one(InspectionCountDocument(id=month, opened=1))

    async def count_by_month(self) -> dict[str, int]:
        """Return how many were opened in each month."""
        return {row.id: row.opened for row in await self._counts.list({}, sort=["_id"])}

    async def record_access(self, access: InspectionAccess) -> None:
        """Insert an access."""
        await self._accesses.insert_one(InspectionAccessDocument(**asdict(access)))

    async def list_page(self, *, after: datetime | None, limit: int) -> list[Inspection]:
        """Return inspections, newest first."""
        where = {} if after is None else {"requested_at": {"$lt": after}}
        return [_to_inspection(row) for row in await self._rows.list(where, sort=[("requested_at", -1)], limit=limit)]

    async def list_overdue(self, *, by: datetime, limit: int) -> list[Inspection]:
        """Return inspections that have expired and are not ended."""
        where = {"ended_at": None, "expires_at": {"$lte": by}}
        return [_to_inspection(row) for row in await self._rows.list(where, limit=limit)]

    async def get_register(self, *, limit: int) -> "InspectionRegister":
        """Return the newest inspections and accesses in one snapshot."""
        return await self._db.with_transaction(lambda: self._read_register(limit))

    async def _read_register(self, limit: int) -> "InspectionRegister":
        where = {"$or": [{"approved_by": {"$ne": None}}, {"access_count": {"$gt": 0}}]}
        rows = await self._rows.list(where, sort=[("requested_at", -1)], limit=limit)
        listed_ids = [row.id for row in rows]
        accesses = await self._accesses.list({"inspection": {"$in": listed_ids}})
        others = await self._accesses.list({"inspection": {"$nin": listed_ids}}, sort=[("at", -1)], limit=limit)
        # Accesses of older inspections, which the limit left out, are not orphans.
        older = {"_id": {"$in": [look.inspection for look in others]}, "approved_by": {"$ne": None}}
        known = {row.id for row in await self._rows.list(older)}
        accesses += [look for look in others if look.inspection not in known]
        return InspectionRegister(
            inspections=[_to_inspection(row) for row in rows],
            accesses=[InspectionAccess(**one.model_dump()) for one in accesses],
        )

    async def delete_by_account(self, account: str) -> int:
        """Delete the register of an erased account; the public count stays."""

        async def work() -> int:
            return await self._rows.delete_many({"account": account}) + await self._accesses.delete_many(
                {"account": account}
            )

        return await self._db.with_transaction(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRegister:
    """Opened inspections and their accesses."""

    inspections: list[Inspection]
    accesses: list[InspectionAccess]


def _to_inspection(document: InspectionDocument) -> Inspection:
    return Inspection(**document.model_dump())


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName:
    """What an inspection sees of a file or folder."""

    node: str
    name: str
    is_folder: bool
    key: str


class RestrictedView:
    """All that an inspection can open: names and state files; neither blobs nor properties nor other contents."""

    def __init__(self, db: Database, keys: AccountKeys) -> None:
        self._nodes, self._contents, self._keys = (
            db.get_collection(NodeDocument),
            db.get_collection(ContentDocument),
            keys,
        )

    async def list_names(self, account: str, folder: str, *, after: str, limit: int) -> Sequence[NodeName]:
        """Return the next names in *folder* of the account (default: the root folder)."""
        cipher = await self._get_cipher(account)
        where = {"account": account, "parent": folder or root_id(account), "name_key": {"$gt": after}}
        rows = await self._nodes.list(where, sort=["name_key"], limit=limit)
        return [_to_node_name(cipher, row) for row in rows]

    async def get_client_state(self, account: str, node: str) -> bytes:
        """Return a state file; NotClientStateError for any other file."""
        cipher = await self._get_cipher(account)
        row = await self._nodes.find_one({"_id": node, "account": account})
        if row is None:
            raise ResourceNotFoundError
        if (
            row.kind is not NodeKind.FILE
            or not _to_node_name(cipher, row).name.endswith(CLIENT_STATE_SUFFIX)
            or row.size > MAX_INLINE_SIZE
        ):
            raise NotClientStateError
        content = await self._contents.find_one({"_id": row.content, "account": account})
        if content is None or content.inline is None:
            raise CorruptContentError
        return cipher.content_cipher(row.content).open(0, content.inline, last=True)

    async def _get_cipher(self, account: str) -> AccountCipher:
        cipher = await self._keys.get_cipher(account)
        if cipher is None:
            raise AccountClosedError
        return cipher


def _to_node_name(cipher: AccountCipher, document: NodeDocument) -> NodeName:
    return NodeName(
        node=document.id,
        name=cipher.open_name(document.id, document.name),
        is_folder=document.kind is NodeKind.FOLDER,
        key=document.name_key,
    )

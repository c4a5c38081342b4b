"""The register of inspections, what was looked at, how many there were; and the only view that they have (C12)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from services.sync.domain.frames import INLINE
from services.sync.domain.inspections import CLIENT_STATE, Inspection, Look
from services.sync.domain.tree import Kind, root_of
from services.sync.errors import AccountClosedError, ContentDamagedError, NotClientStateError, NothingHereError
from services.sync.store.documents import ContentRow, InspectionCountRow, InspectionRow, LookRow, NodeRow
from services.sync.store.keys import Keys
from services.sync.store.seal import Seal
from shared.mongo import Database


class InspectionRows:
    """Reads and writes the register."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows, self._looks = db.collection(InspectionRow), db.collection(LookRow)
        self._counts = db.collection(InspectionCountRow)

    async def add(self, inspection: Inspection) -> None:
        """Enter an inspection that was asked for."""
        await self._rows.insert(InspectionRow(**asdict(inspection)))

    async def get(self, inspection: str) -> Inspection | None:
        """Return one."""
        row = await self._rows.get(inspection)
        return None if row is None else _inspection(row)

    async def change(self, inspection: Inspection, *, was: Inspection) -> bool:
        """Put *inspection* in place of what it was; False when it is otherwise by now."""
        expect = {"approved_by": was.approved_by, "ended_at": was.ended_at, "looks": was.looks}
        return await self._rows.replace(InspectionRow(**asdict(inspection)), expect=expect)

    async def count(self, month: str) -> None:
        """Count one more inspection that was opened in *month*."""
        if not await self._counts.update({"_id": month}, {"$inc": {"opened": 1}}):
            await self._counts.insert(InspectionCountRow(id=month, opened=1))

    async def counts(self) -> dict[str, int]:
        """Return how many were opened in each month, for ever."""
        return {row.id: row.opened for row in await self._counts.list({}, sort=["_id"])}

    async def look(self, look: Look) -> None:
        """Enter a look."""
        await self._looks.insert(LookRow(**asdict(look)))

    async def page(self, *, after: datetime | None, limit: int) -> list[Inspection]:
        """Return inspections, the latest first."""
        where = {} if after is None else {"asked_at": {"$lt": after}}
        return [_inspection(row) for row in await self._rows.list(where, sort=[("asked_at", -1)], limit=limit)]

    async def over(self, *, by: datetime, limit: int) -> list[Inspection]:
        """Return inspections that reached their end and are not ended."""
        where = {"ended_at": None, "ends_at": {"$lte": by}}
        return [_inspection(row) for row in await self._rows.list(where, limit=limit)]

    async def register(self, *, limit: int) -> "Register":
        """Return the latest inspections and looks, as they are at one moment."""
        return await self._db.transact(lambda: self._register(limit))

    async def _register(self, limit: int) -> "Register":
        where = {"$or": [{"approved_by": {"$ne": None}}, {"looks": {"$gt": 0}}]}
        rows = await self._rows.list(where, sort=[("asked_at", -1)], limit=limit)
        shown = [row.id for row in rows]
        looks = await self._looks.list({"inspection": {"$in": shown}})
        others = await self._looks.list({"inspection": {"$nin": shown}}, sort=[("at", -1)], limit=limit)
        # Looks of inspections that are only too old to be shown are nothing to look at.
        older = {"_id": {"$in": [look.inspection for look in others]}, "approved_by": {"$ne": None}}
        known = {row.id for row in await self._rows.list(older)}
        looks += [look for look in others if look.inspection not in known]
        return Register(
            inspections=[_inspection(row) for row in rows], looks=[Look(**one.model_dump()) for one in looks]
        )

    async def remove_all(self, account: str) -> int:
        """Remove what is registered of an erased account; the public count stays."""

        async def work() -> int:
            return await self._rows.delete({"account": account}) + await self._looks.delete({"account": account})

        return await self._db.transact(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Inspections that were opened, and what was looked at."""

    inspections: list[Inspection]
    looks: list[Look]


def _inspection(row: InspectionRow) -> Inspection:
    return Inspection(**row.model_dump())


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What is seen of a file or folder: its name."""

    node: str
    name: str
    is_folder: bool
    key: str


class Glimpses:
    """All that an inspection can open: names and state files. It has no way to blobs, properties or other contents."""

    def __init__(self, db: Database, keys: Keys) -> None:
        self._nodes, self._contents, self._keys = db.collection(NodeRow), db.collection(ContentRow), keys

    async def names(self, account: str, folder: str, *, after: str, limit: int) -> Sequence[Name]:
        """Return the next names in a *folder* of the account; without one, in its top folder."""
        seal = await self._seal(account)
        where = {"account": account, "parent": folder or root_of(account), "name_key": {"$gt": after}}
        rows = await self._nodes.list(where, sort=["name_key"], limit=limit)
        return [_name(seal, row) for row in rows]

    async def client_state(self, account: str, node: str) -> bytes:
        """Return a state file; NotClientStateError for any other."""
        seal = await self._seal(account)
        row = await self._nodes.find_one({"_id": node, "account": account})
        if row is None:
            raise NothingHereError
        if row.kind is not Kind.FILE or not _name(seal, row).name.endswith(CLIENT_STATE) or row.size > INLINE:
            raise NotClientStateError
        content = await self._contents.find_one({"_id": row.content, "account": account})
        if content is None or content.inline is None:
            raise ContentDamagedError
        return seal.content(row.content).open(0, content.inline, last=True)

    async def _seal(self, account: str) -> Seal:
        seal = await self._keys.of(account)
        if seal is None:
            raise AccountClosedError
        return seal


def _name(seal: Seal, row: NodeRow) -> Name:
    return Name(node=row.id, name=seal.open_name(row.id, row.name), is_folder=row.kind is Kind.FOLDER, key=row.name_key)

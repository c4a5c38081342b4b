"""Exports: one row for the request, one for each service's part, and the pieces of the archive, each sealed (C26)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.identity.domain.requests import SERVICES, ExportState, PartState
from shared.crypto import Vault, place_of
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for
from shared.policy import Purpose

_ROWS_KEPT = keep_for(365)
_PIECES_KEPT = keep_for(60)
_BATCH = 20


class Export(Document):
    """An export that an owner asked for."""

    collection: ClassVar[str] = "exports"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("running_for", unique=True),
        Index("account_id", ("created_at", -1)),
        Index("state", "expires_at"),
        Index("state", "deadline"),
    )

    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _ROWS_KEPT)]
    running_for: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _ROWS_KEPT)]
    """The account while its archive is being collected, afterwards the export itself: there is one at a time."""
    state: ExportState
    created_at: datetime
    deadline: datetime
    expires_at: datetime | None = None
    collected: int = 0
    """How many parts are done. Each changes this row, so that of several at once one sees that it is the last."""
    reminded_at: datetime | None = None


class ExportPart(Document):
    """What one service contributes, and how far it has been collected."""

    collection: ClassVar[str] = "export_parts"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("export_id"), Index("state", "next_at"), Index("account_id"))

    export_id: str
    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _ROWS_KEPT)]
    service: str
    state: PartState
    cursor: str = ""
    pieces: int = 0
    pages: int = 0
    failures: int = 0
    next_at: datetime
    created_at: datetime


class ExportChunk(Document):
    """A piece of a file of the archive."""

    collection: ClassVar[str] = "export_chunks"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("export_id"), Index("account_id"))

    export_id: str
    account_id: str
    path: Annotated[str, Personal(Category.CONTENT, {Purpose.EXPORT}, _PIECES_KEPT)]
    content: Annotated[bytes, Personal(Category.CONTENT, {Purpose.EXPORT}, _PIECES_KEPT)]
    created_at: datetime


class Exports:
    """The exports with their parts and pieces."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.collection(Export)
        self._parts = db.collection(ExportPart)
        self._chunks = db.collection(ExportChunk)
        self._vault = vault

    async def add(self, export: Export) -> None:
        """Store a new export with a waiting part for each service."""
        await self._rows.insert(export)
        await self._parts.insert_many(
            ExportPart(
                id=f"{export.id}.{service}",
                export_id=export.id,
                account_id=export.account_id,
                service=service,
                state=PartState.WAITING,
                next_at=export.created_at,
                created_at=export.created_at,
            )
            for service in SERVICES
        )

    async def get(self, export_id: str, account_id: str) -> Export | None:
        """Return the account's export."""
        return await self._rows.find_one({"_id": export_id, "account_id": account_id})

    async def of(self, account_id: str) -> list[Export]:
        """Return the exports of the account, the newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)], limit=_BATCH)

    async def collecting(self, account_id: str) -> Export | None:
        """Return the export of the account that is under way."""
        return await self._rows.find_one({"running_for": account_id})

    async def parts(self, export_id: str) -> list[ExportPart]:
        """Return the parts of an export."""
        return await self._parts.list({"export_id": export_id})

    async def due(self, at: datetime) -> list[ExportPart]:
        """Return parts of which a page can be asked for now."""
        wanted = {"state": PartState.WAITING, "next_at": {"$lte": at}}
        return await self._parts.list(wanted, sort=["next_at"], limit=_BATCH)

    async def advance(self, part: ExportPart, cursor: str, pieces: int) -> bool:
        """Move *part* on by one page of *pieces*; False when another was first, or the export is gone."""
        change = {
            "cursor": cursor,
            "pages": part.pages + 1,
            "pieces": part.pieces + pieces,
            "failures": 0,
            "state": PartState.WAITING if cursor else PartState.DONE,
        }
        wanted = {"_id": part.id, "pages": part.pages, "state": PartState.WAITING}
        if not await self._parts.update(wanted, {"$set": change}):
            return False
        if not cursor:
            await self._rows.update({"_id": part.export_id}, {"$inc": {"collected": 1}})
        return True

    async def postpone(self, part: ExportPart, *, until: datetime) -> None:
        """Leave *part* alone for a while: its service did not answer."""
        await self._parts.update({"_id": part.id}, {"$set": {"next_at": until}, "$inc": {"failures": 1}})

    async def store(self, part: ExportPart, pieces: Iterable[tuple[str, bytes]], *, at: datetime) -> None:
        """Seal and store *pieces* (path and content) behind those that *part* has."""
        for number, (path, content) in enumerate(pieces, start=part.pieces):
            # Numbered with leading zeros: the order of the ids is the order of the pieces.
            chunk_id = f"{part.id}.{number:09}"
            sealed = await self._vault.seal(part.account_id, _place(chunk_id), content)
            await self._chunks.insert(
                ExportChunk(
                    id=chunk_id,
                    export_id=part.export_id,
                    account_id=part.account_id,
                    path=path,
                    content=sealed,
                    created_at=at,
                )
            )

    async def pieces(self, export: Export, service: str) -> AsyncIterator[tuple[str, bytes]]:
        """Yield path and content of each piece of a service's part, in order; one piece is in memory at a time."""
        part_id = f"{export.id}.{service}"
        last = f"{part_id}."
        while found := await self._chunks.list({"_id": {"$gt": last, "$lt": f"{part_id}/"}}, sort=["_id"], limit=1):
            chunk = found[0]
            yield chunk.path, await self._vault.open(chunk.account_id, _place(chunk.id), chunk.content)
            last = chunk.id

    async def finish(self, export_id: str, *, expires_at: datetime) -> bool:
        """Make the export ready, in the ambient transaction; False when it was already, or is gone."""
        export = await self._rows.find_one({"_id": export_id, "state": ExportState.COLLECTING})
        if export is None or not await self._rows.delete({"_id": export_id}):
            return False
        change = {"state": ExportState.READY, "expires_at": expires_at, "running_for": export_id}
        # Put anew and not updated: the embedded server goes on refusing a unique value that an update has replaced.
        await self._rows.insert(export.model_copy(update=change))
        return True

    async def expire(self, at: datetime) -> int:
        """Delete the archives whose time is over; return how many."""
        return await self._expire({"state": ExportState.READY, "expires_at": {"$lte": at}})

    async def expire_earlier(self, account_id: str) -> int:
        """Delete the archives of the account: there is one of each at a time."""
        return await self._expire({"account_id": account_id, "state": ExportState.READY})

    async def _expire(self, wanted: dict[str, Any]) -> int:
        over = await self._rows.list(wanted, limit=_BATCH)
        for export in over:
            await self._chunks.delete({"export_id": export.id})
            await self._rows.update({"_id": export.id}, {"$set": {"state": ExportState.EXPIRED}})
        return len(over)

    async def count(self) -> int:
        """Return how many there are, whatever became of them."""
        return await self._rows.count({})

    async def overdue(self, at: datetime, *, warned: timedelta = timedelta()) -> int:
        """Return how many are past their deadline, or will be after *warned*."""
        return await self._rows.count({"state": ExportState.COLLECTING, "deadline": {"$lte": at + warned}})

    async def open_ones(self, *, most: int) -> list[Export]:
        """Return the exports that are being collected, the oldest first."""
        return await self._rows.list({"state": ExportState.COLLECTING}, sort=["created_at"], limit=most)

    async def to_remind_of(self, at: datetime, *, warned: timedelta) -> list[Export]:
        """Return exports that are due soon and of which staff was not reminded yet."""
        wanted = {"state": ExportState.COLLECTING, "deadline": {"$lte": at + warned}, "reminded_at": None}
        return await self._rows.list(wanted, sort=["deadline"], limit=_BATCH)

    async def reminded(self, export: Export, *, at: datetime) -> bool:
        """Note that staff was reminded; False when another process was first."""
        wanted = {"_id": export.id, "reminded_at": None}
        return await self._rows.update(wanted, {"$set": {"reminded_at": at}}) == 1

    async def delete(self, account_id: str) -> dict[str, int]:
        """Delete everything of the account's exports; return how many documents, by collection."""
        mine: dict[str, Any] = {"account_id": account_id}
        return {
            Export.collection: await self._rows.delete(mine),
            ExportPart.collection: await self._parts.delete(mine),
            ExportChunk.collection: await self._chunks.delete(mine),
        }


def _place(chunk_id: str) -> str:
    return f"{place_of(ExportChunk, 'content')}.{chunk_id}"

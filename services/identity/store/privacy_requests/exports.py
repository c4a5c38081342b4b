"""Exports: the request, the part of each service, and the sealed chunks of the archive (C26)."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.identity.domain.privacy_requests.lifecycle import SERVICES, ExportState, RequestPartState
from shared.crypto import Vault, build_associated_data
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

_REQUEST_RETENTION = retain_for(365)
_CHUNK_RETENTION = retain_for(60)
_BATCH_SIZE = 20


class ExportDocument(Document):
    """An export request."""

    collection: ClassVar[str] = "exports"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("running_for", unique=True),
        Index("account_id", ("created_at", -1)),
        Index("state", "expires_at"),
        Index("state", "deadline"),
        Index("link_hash"),
    )

    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _REQUEST_RETENTION)]
    running_for: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _REQUEST_RETENTION)]
    """The account id while the export runs, then the export id: a unique index allows one running export."""
    state: ExportState
    created_at: datetime
    deadline: datetime
    expires_at: datetime | None = None
    completed_part_count: int = 0
    """Incremented by each completed part, so that of concurrent ones exactly one sees that it is the last."""
    reminded_at: datetime | None = None
    sends_link: bool = False
    """Whether the archive is downloaded by an emailed link, since the owner cannot log in."""
    link_hash: bytes | None = None
    """The digest of the token in that link."""


class ExportPartDocument(Document):
    """The part of one service, and its progress."""

    collection: ClassVar[str] = "export_parts"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("export_id"), Index("state", "next_attempt_at"), Index("account_id"))

    export_id: str
    account_id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.EXPORT}, _REQUEST_RETENTION)]
    service: str
    state: RequestPartState
    cursor: str = ""
    chunk_count: int = 0
    page_count: int = 0
    failure_count: int = 0
    next_attempt_at: datetime
    created_at: datetime


class ExportChunkDocument(Document):
    """A chunk of a file in the archive."""

    collection: ClassVar[str] = "export_chunks"
    subject: ClassVar[str | None] = "account_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("export_id"), Index("account_id"))

    export_id: str
    account_id: str
    path: Annotated[bytes, Personal(Category.CONTENT, {Purpose.EXPORT}, _CHUNK_RETENTION)]
    """Sealed like the content: a file of sync has the name that its owner gave it."""
    content: Annotated[bytes, Personal(Category.CONTENT, {Purpose.EXPORT}, _CHUNK_RETENTION)]
    created_at: datetime


class Exports:
    """The exports with their parts and chunks."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(ExportDocument)
        self._parts = db.get_collection(ExportPartDocument)
        self._chunks = db.get_collection(ExportChunkDocument)
        self._vault = vault

    async def add(self, export: ExportDocument) -> None:
        """Store a new export with a pending part for each service."""
        await self._rows.insert_one(export)
        await self._parts.insert_many(
            ExportPartDocument(
                id=f"{export.id}.{service}",
                export_id=export.id,
                account_id=export.account_id,
                service=service,
                state=RequestPartState.PENDING,
                next_attempt_at=export.created_at,
                created_at=export.created_at,
            )
            for service in SERVICES
        )

    async def get(self, export_id: str, account_id: str) -> ExportDocument | None:
        """Return the export of the account, or None."""
        return await self._rows.find_one({"_id": export_id, "account_id": account_id})

    async def get_by_link(self, link_hash: bytes) -> ExportDocument | None:
        """Return the export with the digest of an emailed link, or None."""
        return await self._rows.find_one({"link_hash": link_hash})

    async def set_link(self, export_id: str, link_hash: bytes) -> None:
        """Store the digest of the emailed link."""
        await self._rows.update_one({"_id": export_id}, {"$set": {"link_hash": link_hash}})

    async def request_link(self, export_id: str) -> None:
        """Let a running export email a link when it is complete."""
        await self._rows.update_one({"_id": export_id}, {"$set": {"sends_link": True}})

    async def list_by_account(self, account_id: str) -> list[ExportDocument]:
        """Return the exports of the account, newest first."""
        return await self._rows.list({"account_id": account_id}, sort=[("created_at", -1)], limit=_BATCH_SIZE)

    async def get_running(self, account_id: str) -> ExportDocument | None:
        """Return the running export of the account, or None."""
        return await self._rows.find_one({"running_for": account_id})

    async def list_parts(self, export_id: str) -> list[ExportPartDocument]:
        """Return the parts of an export."""
        return await self._parts.list({"export_id": export_id})

    async def list_due_parts(self, at: datetime) -> list[ExportPartDocument]:
        """Return parts whose next page is due."""
        wanted = {"state": RequestPartState.PENDING, "next_attempt_at": {"$lte": at}}
        return await self._parts.list(wanted, sort=["next_attempt_at"], limit=_BATCH_SIZE)

    async def advance(self, part: ExportPartDocument, cursor: str, chunk_count: int) -> bool:
        """Advance *part* by one page; False if another process was first or the export is gone."""
        change = {
            "cursor": cursor,
            "page_count": part.page_count + 1,
            "chunk_count": part.chunk_count + chunk_count,
            "failure_count": 0,
            "state": RequestPartState.PENDING if cursor else RequestPartState.COMPLETED,
        }
        wanted = {"_id": part.id, "page_count": part.page_count, "state": RequestPartState.PENDING}
        if not await self._parts.update_one(wanted, {"$set": change}):
            return False
        if not cursor:
            await self._rows.update_one({"_id": part.export_id}, {"$inc": {"completed_part_count": 1}})
        return True

    async def postpone_part(self, part: ExportPartDocument, *, until: datetime) -> None:
        """Postpone the next attempt: the service failed."""
        await self._parts.update_one(
            {"_id": part.id}, {"$set": {"next_attempt_at": until}, "$inc": {"failure_count": 1}}
        )

    async def store_chunks(
        self, part: ExportPartDocument, chunks: Iterable[tuple[str, bytes]], *, at: datetime
    ) -> None:
        """Seal and store *chunks* (path and content) after those that *part* has."""
        for number, (path, content) in enumerate(chunks, start=part.chunk_count):
            # Zero-padded, so that the ids sort in the order of the chunks.
            chunk_id = f"{part.id}.{number:09}"
            sealed_path = await self._vault.seal(part.account_id, _path_associated_data(chunk_id), path.encode())
            sealed = await self._vault.seal(part.account_id, _chunk_associated_data(chunk_id), content)
            await self._chunks.insert_one(
                ExportChunkDocument(
                    id=chunk_id,
                    export_id=part.export_id,
                    account_id=part.account_id,
                    path=sealed_path,
                    content=sealed,
                    created_at=at,
                )
            )

    async def stream_chunks(self, export: ExportDocument, service: str) -> AsyncIterator[tuple[str, bytes]]:
        """Yield path and content of the chunks of a service, in order. One chunk is in memory at a time."""
        part_id = f"{export.id}.{service}"
        last = f"{part_id}."
        while found := await self._chunks.list({"_id": {"$gt": last, "$lt": f"{part_id}/"}}, sort=["_id"], limit=1):
            chunk = found[0]
            path = await self._vault.open(chunk.account_id, _path_associated_data(chunk.id), chunk.path)
            content = await self._vault.open(chunk.account_id, _chunk_associated_data(chunk.id), chunk.content)
            yield path.decode(), content
            last = chunk.id

    async def complete(self, export_id: str, *, expires_at: datetime) -> bool:
        """Mark the export as ready, in the ambient transaction; False if it was ready before or is gone."""
        export = await self._rows.find_one({"_id": export_id, "state": ExportState.COLLECTING})
        if export is None or not await self._rows.delete_many({"_id": export_id}):
            return False
        change = {"state": ExportState.READY, "expires_at": expires_at, "running_for": export_id}
        # Insert instead of update: the embedded server keeps rejecting a unique value that an update has replaced.
        await self._rows.insert_one(export.model_copy(update=change))
        return True

    async def expire_due(self, at: datetime) -> int:
        """Delete expired archives; return their number."""
        return await self._expire({"state": ExportState.READY, "expires_at": {"$lte": at}})

    async def expire_by_account(self, account_id: str) -> int:
        """Delete the archives of the account: one exists at a time."""
        return await self._expire({"account_id": account_id, "state": ExportState.READY})

    async def _expire(self, wanted: dict[str, Any]) -> int:
        expired = await self._rows.list(wanted, limit=_BATCH_SIZE)
        for export in expired:
            await self._chunks.delete_many({"export_id": export.id})
            await self._rows.update_one({"_id": export.id}, {"$set": {"state": ExportState.EXPIRED}})
        return len(expired)

    async def count(self) -> int:
        """Return the number of exports."""
        return await self._rows.count_documents({})

    async def count_overdue(self, at: datetime, *, within: timedelta = timedelta()) -> int:
        """Return the number of exports past their deadline, or due *within* that time."""
        return await self._rows.count_documents({"state": ExportState.COLLECTING, "deadline": {"$lte": at + within}})

    async def list_open(self, *, limit: int) -> list[ExportDocument]:
        """Return the running exports, oldest first."""
        return await self._rows.list({"state": ExportState.COLLECTING}, sort=["created_at"], limit=limit)

    async def list_due_for_reminder(self, at: datetime, *, within: timedelta) -> list[ExportDocument]:
        """Return running exports near their deadline without a reminder."""
        wanted = {"state": ExportState.COLLECTING, "deadline": {"$lte": at + within}, "reminded_at": None}
        return await self._rows.list(wanted, sort=["deadline"], limit=_BATCH_SIZE)

    async def mark_reminded(self, export: ExportDocument, *, at: datetime) -> bool:
        """Record the reminder; False if another process was first."""
        wanted = {"_id": export.id, "reminded_at": None}
        return await self._rows.update_one(wanted, {"$set": {"reminded_at": at}}) == 1

    async def delete_by_account(self, account_id: str) -> dict[str, int]:
        """Delete the exports of the account; return the number of documents by collection."""
        mine: dict[str, Any] = {"account_id": account_id}
        return {
            ExportDocument.collection: await self._rows.delete_many(mine),
            ExportPartDocument.collection: await self._parts.delete_many(mine),
            ExportChunkDocument.collection: await self._chunks.delete_many(mine),
        }


def _path_associated_data(chunk_id: str) -> str:
    return f"{build_associated_data(ExportChunkDocument, 'path')}.{chunk_id}"


def _chunk_associated_data(chunk_id: str) -> str:
    return f"{build_associated_data(ExportChunkDocument, 'content')}.{chunk_id}"

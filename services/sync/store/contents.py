"""The contents of files: reference counts, reservations, expiry."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cachetools import LRUCache

from services.sync.domain.frames import MAX_INLINE_SIZE
from services.sync.store.documents import ContentDocument
from shared.mongo import Database

DESTROYING_REFS = -1
"""The reference count of a content that is being deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A content and its accounting."""

    id: str
    account: str
    refs: int
    size: int
    reserved_bytes: int
    digest: str = ""
    inline: bytes | None = None
    delete_after: datetime | None = None


class Contents:
    """Reads and writes contents; small ones are cached, since a content never changes under its id."""

    def __init__(self, db: Database, *, max_bytes: int = 32 << 20) -> None:
        self._rows = db.get_collection(ContentDocument)
        self._inline_cache: LRUCache[str, bytes] = LRUCache(max_bytes, getsizeof=len)

    async def get(self, account: str, content: str) -> Content | None:
        """Return the content."""
        row = await self._rows.find_one({"_id": content, "account": account})
        return None if row is None else build_content(row)

    async def find_duplicate(self, account: str, digest: str) -> Content | None:
        """Return a complete content of *account* with this digest that is not being deleted."""
        row = await self._rows.find_one({"account": account, "digest": digest, "refs": {"$gte": 0}})
        return None if row is None else build_content(row)

    async def get_inline(self, account: str, content: str) -> bytes | None:
        """Return the sealed bytes of a small content; None when it is gone."""
        if (sealed := self._inline_cache.get(content)) is not None:
            return sealed
        row = await self.get(account, content)
        if row is None or row.inline is None:
            return None
        self._cache_inline(content, row.inline)
        return row.inline

    def _cache_inline(self, content: str, sealed: bytes) -> None:
        if len(sealed) <= self._inline_cache.maxsize:
            self._inline_cache[content] = sealed

    async def add_many(self, contents: Collection[Content]) -> None:
        """Insert new contents and cache the small ones: what one device uploads, the others read next."""
        await self._rows.insert_many(_to_document(content) for content in contents)
        for content in contents:
            if content.inline is not None:
                self._cache_inline(content.id, content.inline)

    async def replace_many(self, contents: Iterable[Content]) -> None:
        """Replace contents by their ids."""
        for content in contents:
            await self._rows.replace_one(_to_document(content))

    async def adjust_refs(self, deltas: Mapping[str, int], sizes: Mapping[str, int], *, delete_after: datetime) -> None:
        """Change the reference counts of some contents of these *sizes*.

        A small content is deleted with its last reference; a blob expires later, for running reads.
        """
        for delta, ids in _group_by_delta(deltas).items():
            small = [content for content in ids if sizes[content] <= MAX_INLINE_SIZE] if delta < 0 else []
            # Mostly there was no other reference: then this is the only query.
            gone = await self._rows.delete_many({"_id": {"$in": small}, "refs": -delta}) if small else 0
            if gone < len(ids):
                revived = {"$set": {"delete_after": None}} if delta > 0 else {}
                await self._rows.update_many({"_id": {"$in": ids}}, {"$inc": {"refs": delta}, **revived})
            if delta < 0 and len(small) < len(ids):
                unused = {"_id": {"$in": ids}, "refs": 0}
                await self._rows.update_many(unused, {"$set": {"delete_after": delete_after}})

    async def list_expired(self, *, by: datetime, limit: int) -> list[Content]:
        """Return contents that have expired."""
        rows = await self._rows.list({"delete_after": {"$lte": by}}, sort=["delete_after"], limit=limit)
        return [build_content(row) for row in rows]

    async def claim(self, content: str, *, by: datetime) -> Content | None:
        """Claim an expired content for deletion; None when it is in use again. After a claim it can never be used."""
        free = {"_id": content, "refs": {"$lte": 0}, "delete_after": {"$lte": by}}
        row = await self._rows.find_one(free)
        if row is None or not await self._rows.update_one(
            free, {"$set": {"refs": DESTROYING_REFS, "reserved_bytes": 0}}
        ):
            return None
        return build_content(row)

    async def extend_upload(self, content: str, *, until: datetime) -> bool:
        """Extend the reservation of an upload *until* then; False when it has expired."""
        return bool(await self._rows.update_one({"_id": content, "refs": 0}, {"$set": {"delete_after": until}}))

    async def delete(self, content: str) -> None:
        """Delete the document of a content whose blob was deleted."""
        await self._rows.delete_many({"_id": content})

    async def mark_account_deleted(self, account: str, *, at: datetime) -> int:
        """Expire all contents of an erased account; return how many there were."""
        change = {"$set": {"refs": DESTROYING_REFS, "reserved_bytes": 0, "delete_after": at}}
        return await self._rows.update_many({"account": account, "refs": {"$gte": 0}}, change)

    async def count_by_account(self, account: str) -> int:
        """Return how many contents of *account* still exist."""
        return await self._rows.count_documents({"account": account})


def _group_by_delta(deltas: Mapping[str, int]) -> dict[int, list[str]]:
    found = defaultdict(list)
    for content, delta in deltas.items():
        if delta:
            found[delta].append(content)
    return found


def build_content(document: ContentDocument) -> Content:
    """Return the content in *document*."""
    return Content(
        id=document.id,
        account=document.account,
        refs=document.refs,
        size=document.size,
        reserved_bytes=document.reserved_bytes,
        digest=document.digest,
        inline=document.inline,
        delete_after=document.delete_after,
    )


def _to_document(content: Content) -> ContentDocument:
    return ContentDocument.model_construct(
        id=content.id,
        account=content.account,
        refs=content.refs,
        size=content.size,
        reserved_bytes=content.reserved_bytes,
        digest=content.digest,
        inline=content.inline,
        delete_after=content.delete_after,
    )

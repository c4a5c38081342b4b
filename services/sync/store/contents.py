"""The contents: who uses them, how much room they hold, when they may be destroyed."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.sync.domain.frames import INLINE
from services.sync.store.documents import ContentRow
from shared.mongo import Database

DESTROYING = -1
"""The count of references of a content that is being destroyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A content as it is accounted for."""

    id: str
    account: str
    refs: int
    size: int
    reserved: int
    digest: str = ""
    inline: bytes | None = None
    doomed_at: datetime | None = None


class Contents:
    """Reads and writes contents; small ones stay in memory for a while, for what has an id never changes."""

    def __init__(self, db: Database, *, most_bytes: int = 32 << 20) -> None:
        self._rows = db.collection(ContentRow)
        self._read: OrderedDict[str, bytes] = OrderedDict()
        self._room = most_bytes

    async def get(self, account: str, content: str) -> Content | None:
        """Return the content."""
        row = await self._rows.find_one({"_id": content, "account": account})
        return None if row is None else content_of(row)

    async def same(self, account: str, digest: str) -> Content | None:
        """Return a whole content of *account* with this digest that is not being destroyed."""
        row = await self._rows.find_one({"account": account, "digest": digest, "refs": {"$gte": 0}})
        return None if row is None else content_of(row)

    async def inline(self, account: str, content: str) -> bytes | None:
        """Return the sealed bytes of a small content; None when it is gone."""
        if content in self._read:
            self._read.move_to_end(content)
            return self._read[content]
        row = await self.get(account, content)
        if row is None or row.inline is None:
            return None
        self._keep(content, row.inline)
        return row.inline

    def _keep(self, content: str, sealed: bytes) -> None:
        self._room += len(self._read.pop(content, b""))
        self._read[content] = sealed
        self._room -= len(sealed)
        while self._room < 0:
            self._room += len(self._read.popitem(last=False)[1])

    async def inline_of(self, account: str, contents: Collection[str]) -> dict[str, bytes]:
        """Return what is sealed in the rows of *contents*."""
        rows = await self._rows.list({"_id": {"$in": list(contents)}, "account": account})
        return {row.id: row.inline for row in rows if row.inline is not None}

    async def insert(self, contents: Collection[Content]) -> None:
        """Store new contents; small ones are kept in memory: what one device sends, the others read next."""
        await self._rows.insert_many(_row(content) for content in contents)
        for content in contents:
            if content.inline is not None:
                self._keep(content.id, content.inline)

    async def replace(self, contents: Iterable[Content]) -> None:
        """Store *contents* in place of those with their ids."""
        for content in contents:
            await self._rows.replace(_row(content))

    async def use(self, deltas: Mapping[str, int], sizes: Mapping[str, int], *, doomed_at: datetime) -> None:
        """Change how many nodes use each of some contents of these *sizes*.

        The last user's small content goes with it; a blob then is doomed, for those who are reading it.
        """
        for delta, ids in _by_delta(deltas).items():
            small = [content for content in ids if sizes[content] <= INLINE] if delta < 0 else []
            # Mostly there was no other user: then this is the only operation.
            gone = await self._rows.delete({"_id": {"$in": small}, "refs": -delta}) if small else 0
            if gone < len(ids):
                revived = {"$set": {"doomed_at": None}} if delta > 0 else {}
                await self._rows.update({"_id": {"$in": ids}}, {"$inc": {"refs": delta}, **revived}, many=True)
            if delta < 0 and len(small) < len(ids):
                unused = {"_id": {"$in": ids}, "refs": 0}
                await self._rows.update(unused, {"$set": {"doomed_at": doomed_at}}, many=True)

    async def doomed(self, *, by: datetime, limit: int) -> list[Content]:
        """Return contents whose time has come."""
        rows = await self._rows.list({"doomed_at": {"$lte": by}}, sort=["doomed_at"], limit=limit)
        return [content_of(row) for row in rows]

    async def claim(self, content: str, *, by: datetime) -> Content | None:
        """Take a doomed content for destruction; None when somebody has come to use it, as nobody can after this."""
        free = {"_id": content, "refs": {"$lte": 0}, "doomed_at": {"$lte": by}}
        row = await self._rows.find_one(free)
        if row is None or not await self._rows.update(free, {"$set": {"refs": DESTROYING, "reserved": 0}}):
            return None
        return content_of(row)

    async def extend(self, content: str, *, until: datetime) -> bool:
        """Keep an upload under way alive *until* then; False when it is gone."""
        return bool(await self._rows.update({"_id": content, "refs": 0}, {"$set": {"doomed_at": until}}))

    async def remove(self, content: str) -> None:
        """Remove the row of a content that was destroyed."""
        await self._rows.delete({"_id": content})

    async def condemn(self, account: str, *, at: datetime) -> int:
        """Doom everything of an erased account; return how many blobs and small contents there were."""
        change = {"$set": {"refs": DESTROYING, "reserved": 0, "doomed_at": at}}
        return await self._rows.update({"account": account, "refs": {"$gte": 0}}, change, many=True)

    async def left_of(self, account: str) -> int:
        """Return how many contents of *account* are still there."""
        return await self._rows.count({"account": account})


def _by_delta(deltas: Mapping[str, int]) -> dict[int, list[str]]:
    found = defaultdict(list)
    for content, delta in deltas.items():
        if delta:
            found[delta].append(content)
    return found


def content_of(row: ContentRow) -> Content:
    """Return the content that *row* describes."""
    return Content(
        id=row.id,
        account=row.account,
        refs=row.refs,
        size=row.size,
        reserved=row.reserved,
        digest=row.digest,
        inline=row.inline,
        doomed_at=row.doomed_at,
    )


def _row(content: Content) -> ContentRow:
    return ContentRow.model_construct(
        id=content.id,
        account=content.account,
        refs=content.refs,
        size=content.size,
        reserved=content.reserved,
        digest=content.digest,
        inline=content.inline,
        doomed_at=content.doomed_at,
    )

"""Which weeks take reports: storing a report and closing its week exclude each other."""

from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from services.telemetry.domain import Stream, Week
from shared.mongo import Collection, Database, Document, DuplicateError


class WeekDocument(Document):
    """A week that has reports or is closed to them; ``_id`` is its stream and name."""

    collection: ClassVar[str] = "weeks"
    stream: str
    closed_at: datetime
    accepts_reports: bool
    batch_count: int = 0
    """Incremented by each batch of reports, so that closing the week conflicts with a batch that is being stored."""


class Weeks:
    """Which weeks take reports."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[WeekDocument] = db.get_collection(WeekDocument)

    async def ensure_known(self, week: Week) -> None:
        """Insert *week* unless it is there. Not inside a transaction, which a duplicate aborts."""
        with suppress(DuplicateError):
            await self._rows.insert_one(_document(week, accepts_reports=True))

    async def lock_open(self, week: Week) -> bool:
        """Lock the week until the transaction ends; False when it takes no reports."""
        return (
            await self._rows.update_one({"_id": _key(week), "accepts_reports": True}, {"$inc": {"batch_count": 1}}) == 1
        )

    async def close(self, week: Week) -> None:
        """Let *week* take no more reports: what is stored when this returns is all that a release can count.

        Not inside a transaction, which a duplicate aborts. Closing a closed week changes nothing.
        """
        with suppress(DuplicateError):
            await self._rows.insert_one(_document(week, accepts_reports=False))
        await self._rows.update_one({"_id": _key(week)}, {"$set": {"accepts_reports": False}})

    async def list_names(self, stream: Stream, *, closed_since: datetime) -> list[str]:
        """Return the names of the known weeks of *stream* that closed at *closed_since* or later."""
        rows = await self._rows.list_fields({"stream": stream.value, "closed_at": {"$gte": closed_since}}, ())
        return sorted(row["_id"].partition("/")[2] for row in rows)

    async def is_closed(self, week: Week) -> bool:
        """Return whether the week takes no more reports."""
        row = await self._rows.get(_key(week))
        return row is not None and not row.accepts_reports


def _key(week: Week) -> str:
    return f"{week.stream}/{week.name}"


def _document(week: Week, *, accepts_reports: bool) -> WeekDocument:
    return WeekDocument(
        id=_key(week),
        stream=week.stream,
        closed_at=week.closed_at,
        accepts_reports=accepts_reports,
    )

"""Which weeks take reports. A report that is accepted was stored before its week was closed."""

from collections.abc import Iterable
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


class Weeks:
    """Which weeks take reports."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[WeekDocument] = db.get_collection(WeekDocument)

    async def ensure_known(self, week: Week) -> None:
        """Insert *week* unless it is there. Not inside a transaction, which a duplicate aborts."""
        with suppress(DuplicateError):
            await self._rows.insert_one(_document(week, accepts_reports=True))

    async def list_closed(self, weeks: Iterable[Week]) -> set[Week]:
        """Return those of *weeks* that take no reports."""
        by_key = {_key(week): week for week in weeks}
        rows = await self._rows.list({"_id": {"$in": list(by_key)}})
        return {by_key[row.id] for row in rows if not row.accepts_reports}

    async def close(self, week: Week) -> None:
        """Let *week* take no more reports: every report that was or will be accepted is stored when this returns.

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

"""The budget ledger: an entry for each release, and what each year has spent."""

from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from services.telemetry.domain.budget import BudgetEntry, TableCharge, YearlyBudget
from services.telemetry.domain.streams import Stream
from services.telemetry.errors.statistics import BudgetExceededError
from shared.mongo import Collection, Database, Document, DuplicateError, EmbeddedValue, Index


class TableChargeValue(EmbeddedValue):
    """What one table cost."""

    table: str
    epsilon_micros: int


class BudgetEntryDocument(Document):
    """An entry of the budget ledger; ``_id`` is the name of the week."""

    collection: ClassVar[str] = "budget_entries"
    indexes: ClassVar[tuple[Index, ...]] = (Index("stream", "year"),)
    release_id: str
    stream: Stream
    year: int
    epsilon_micros: int
    sensitivity: int
    scale: int
    charges: list[TableChargeValue]
    recorded_at: datetime


class BudgetYearDocument(Document):
    """What a stream has spent in a year; ``_id`` is both. Its conditional update is what refuses a release."""

    collection: ClassVar[str] = "budget_years"
    spent_micros: int


class BudgetLedger:
    """The budget ledger of all streams."""

    def __init__(self, db: Database) -> None:
        self._entries: Collection[BudgetEntryDocument] = db.get_collection(BudgetEntryDocument)
        self._years: Collection[BudgetYearDocument] = db.get_collection(BudgetYearDocument)

    async def ensure_year(self, stream: Stream, year: int) -> None:
        """Insert the year unless it is there. Not inside a transaction, which a duplicate aborts."""
        with suppress(DuplicateError):
            await self._years.insert_one(BudgetYearDocument(id=_year_id(stream, year), spent_micros=0))

    async def get_year(self, stream: Stream, year: int, *, limit_micros: int) -> YearlyBudget:
        """Return the budget of a year, with what is spent of it."""
        row = await self._years.get(_year_id(stream, year))
        return YearlyBudget(
            stream=stream, year=year, limit_micros=limit_micros, spent_micros=0 if row is None else row.spent_micros
        )

    async def record_charge(self, entry: BudgetEntry, *, limit_micros: int) -> None:
        """Insert *entry* and add it to its year, in the caller's transaction; BudgetExceededError beyond the limit."""
        fits = {
            "_id": _year_id(entry.stream, entry.year),
            "spent_micros": {"$lte": limit_micros - entry.epsilon_micros},
        }
        if not await self._years.update_one(fits, {"$inc": {"spent_micros": entry.epsilon_micros}}):
            raise BudgetExceededError
        await self._entries.insert_one(_document(entry))

    async def list_by_year(self, stream: Stream, year: int) -> list[BudgetEntry]:
        """Return the entries of a year, in the order of their weeks."""
        rows = await self._entries.list({"stream": stream.value, "year": year}, sort=["_id"])
        return [_entry(row) for row in rows]

    async def list_years(self, stream: Stream) -> list[int]:
        """Return the years that have spent something, the newest first."""
        rows = await self._years.list({})
        found = (row.id.partition("/") for row in rows)
        return sorted((int(year) for name, _, year in found if name == stream), reverse=True)

    async def list_all(self) -> list[BudgetEntry]:
        """Return all entries."""
        return [_entry(row) for row in await self._entries.list({})]


def _year_id(stream: str, year: int) -> str:
    return f"{stream}/{year}"


def _document(entry: BudgetEntry) -> BudgetEntryDocument:
    return BudgetEntryDocument(
        id=entry.week,
        release_id=entry.release_id,
        stream=entry.stream,
        year=entry.year,
        epsilon_micros=entry.epsilon_micros,
        sensitivity=entry.sensitivity,
        scale=entry.scale,
        charges=[TableChargeValue(table=one.table, epsilon_micros=one.epsilon_micros) for one in entry.charges],
        recorded_at=entry.recorded_at,
    )


def _entry(row: BudgetEntryDocument) -> BudgetEntry:
    return BudgetEntry(
        release_id=row.release_id,
        stream=row.stream,
        week=row.id,
        year=row.year,
        epsilon_micros=row.epsilon_micros,
        sensitivity=row.sensitivity,
        scale=row.scale,
        charges=tuple(TableCharge(table=one.table, epsilon_micros=one.epsilon_micros) for one in row.charges),
        recorded_at=row.recorded_at,
    )

"""The collections of telemetry. None of their fields identifies a person or an IP address."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from services.telemetry.domain import RAW_REPORT_RETENTION, Cell, OptIn, Release, WeeklyReport
from shared.mongo import Collection, Database, Document, DuplicateError, EmbeddedValue, Index
from shared.personal import UNTIL_ERASED, Category, Personal, Retention
from shared.policy import Purpose

_OPT_IN = Personal(Category.CONSENT, {Purpose.STATISTICS}, UNTIL_ERASED)
_RAW = Personal(Category.USAGE, {Purpose.STATISTICS}, Retention(limit=RAW_REPORT_RETENTION, since="received_at"))


class OptInDocument(Document):
    """An opt-in; its ``_id`` is the random id of the installation. A withdrawal deletes it."""

    collection: ClassVar[str] = "opt_ins"
    question_version: int
    granted_at: Annotated[datetime, _OPT_IN]
    report_count: int = 0
    """Incremented by each report, so that a concurrent withdrawal conflicts with it."""


class WeeklyReportDocument(Document):
    """The report of a week; ``_id`` is installation and week, so a repeated report counts once."""

    collection: ClassVar[str] = "reports"
    indexes: ClassVar[tuple[Index, ...]] = (Index("week"), Index("installation"), Index("received_at"))
    installation: Annotated[str, _RAW]
    week: str
    program: str
    version: str
    os: Annotated[str, _RAW]
    locale: Annotated[str, _RAW]
    counters: dict[str, int]
    received_at: datetime


class CellValue(EmbeddedValue):
    """A published count."""

    dimension: str
    value: str
    count: int


class ReleaseDocument(Document):
    """The public statistics of one week; ``_id`` is the week."""

    collection: ClassVar[str] = "releases"
    indexes: ClassVar[tuple[Index, ...]] = (Index("idempotency_key", unique=True),)
    release_id: str
    idempotency_key: str
    """The request that created it: repeated after a crash, it finds this release instead of publishing another week."""
    n: int
    min_group_size: int
    cells: list[CellValue]
    published_at: datetime


DOCUMENTS = (OptInDocument, WeeklyReportDocument, ReleaseDocument)


class OptIns:
    """The opt-ins of all installations."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[OptInDocument] = db.get_collection(OptInDocument)

    async def add(self, opt_in: OptIn) -> None:
        """Insert an opt-in."""
        row = OptInDocument(
            id=opt_in.installation, question_version=opt_in.question_version, granted_at=opt_in.granted_at
        )
        await self._rows.insert_one(row)

    async def lock(self, installation: str) -> OptIn | None:
        """Return the opt-in of *installation*, locked until the transaction ends; None when there is none."""
        if not await self._rows.update_one({"_id": installation}, {"$inc": {"report_count": 1}}):
            return None
        row = await self._rows.get(installation)
        return _opt_in(row) if row else None

    async def delete(self, installation: str) -> None:
        """Delete the opt-in of *installation*."""
        await self._rows.delete_many({"_id": installation})

    async def get_many(self, installations: Sequence[str]) -> dict[str, OptIn]:
        """Return the opt-ins of *installations*, by installation."""
        return {row.id: _opt_in(row) for row in await self._rows.list({"_id": {"$in": list(installations)}})}


class WeeklyReports:
    """The unpublished reports."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[WeeklyReportDocument] = db.get_collection(WeeklyReportDocument)

    async def put(self, report: WeeklyReport) -> None:
        """Store *report*; it replaces an earlier one of the same installation and week."""
        await self._rows.upsert_one(
            WeeklyReportDocument(
                id=f"{report.installation}:{report.week}",
                installation=report.installation,
                week=report.week,
                program=report.program,
                version=report.version,
                os=report.os,
                locale=report.locale,
                counters=dict(report.counters),
                received_at=report.received_at,
            )
        )

    async def iter_by_week(self, week: str) -> AsyncIterator[WeeklyReport]:
        """Yield the reports of *week*."""
        async for row in self._rows.iter_documents({"week": week}):
            yield _report(row)

    async def count_by_week(self) -> dict[str, int]:
        """Return the number of reports by week."""
        rows = await self._rows.run_pipeline([{"$group": {"_id": "$week", "n": {"$sum": 1}}}])
        return {row["_id"]: int(row["n"]) for row in rows}

    async def delete_by_installation(self, installation: str) -> None:
        """Delete all reports of *installation*."""
        await self._rows.delete_many({"installation": installation})

    async def list_newest(self, limit: int) -> list[WeeklyReport]:
        """Return the *limit* newest reports."""
        return [_report(row) for row in await self._rows.list({}, sort=[("received_at", -1)], limit=limit)]


class Releases:
    """The published releases."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReleaseDocument] = db.get_collection(ReleaseDocument)

    async def add(self, release: Release, *, idempotency_key: str) -> bool:
        """Insert *release*; False when its week is published, or *idempotency_key* has published one."""
        cells = [CellValue(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in release.cells]
        row = ReleaseDocument(
            id=release.week,
            release_id=release.release_id,
            idempotency_key=idempotency_key,
            n=release.n,
            min_group_size=release.min_group_size,
            cells=cells,
            published_at=release.published_at,
        )
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            return False
        return True

    async def get_by_idempotency_key(self, idempotency_key: str) -> Release | None:
        """Return the release that *idempotency_key* published; None when there is none."""
        row = await self._rows.find_one({"idempotency_key": idempotency_key})
        return _release(row) if row else None

    async def list_weeks(self) -> set[str]:
        """Return the published weeks."""
        return {row.id for row in await self._rows.list({})}

    async def list_newest(self, limit: int = 52) -> list[Release]:
        """Return the *limit* newest releases, the newest week first."""
        return [_release(row) for row in await self._rows.list({}, sort=[("_id", -1)], limit=limit)]


def _opt_in(row: OptInDocument) -> OptIn:
    return OptIn(installation=row.id, question_version=row.question_version, granted_at=row.granted_at)


def _report(row: WeeklyReportDocument) -> WeeklyReport:
    return WeeklyReport(
        installation=row.installation,
        week=row.week,
        program=row.program,
        version=row.version,
        os=row.os,
        locale=row.locale,
        counters=row.counters,
        received_at=row.received_at,
    )


def _release(row: ReleaseDocument) -> Release:
    cells = tuple(Cell(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in row.cells)
    return Release(
        release_id=row.release_id,
        week=row.id,
        n=row.n,
        min_group_size=row.min_group_size,
        cells=cells,
        published_at=row.published_at,
    )

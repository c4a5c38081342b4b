"""Telemetry's collections in MongoDB: nothing in them leads to a person or an address."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from services.telemetry.domain import RAW_REPORTS_KEPT, Cell, OptIn, Release, Report
from shared.mongo import Collection, Database, Document, DuplicateError, Embedded, Index
from shared.personal import UNTIL_ERASED, Category, Keep, Personal
from shared.policy import Purpose

_OPT_IN = Personal(Category.CONSENT, {Purpose.STATISTICS}, UNTIL_ERASED)
_RAW = Personal(Category.USAGE, {Purpose.STATISTICS}, Keep(limit=RAW_REPORTS_KEPT, since="received_at"))


class OptInDocument(Document):
    """A live opt-in; its ``_id`` is the random name of the installation. Withdrawing deletes it."""

    collection: ClassVar[str] = "opt_ins"
    question_version: int
    granted_at: Annotated[datetime, _OPT_IN]
    reports: int = 0
    """Moved by each report, so that a report and a withdrawal cannot both win."""


class ReportDocument(Document):
    """One week of one installation; ``_id`` is installation and week, so a repeated report counts once."""

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


class CellPart(Embedded):
    """One public figure."""

    dimension: str
    value: str
    count: int


class ReleaseDocument(Document):
    """The public statistics of one week; ``_id`` is the week."""

    collection: ClassVar[str] = "releases"
    indexes: ClassVar[tuple[Index, ...]] = (Index("operation", unique=True),)
    release_id: str
    operation: str
    """The request that made it: repeated after a crash, it finds this release instead of publishing another week."""
    n: int
    minimum_group: int
    cells: list[CellPart]
    published_at: datetime


DOCUMENTS = (OptInDocument, ReportDocument, ReleaseDocument)


class OptIns:
    """The installations that said yes."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[OptInDocument] = db.collection(OptInDocument)

    async def add(self, opt_in: OptIn) -> None:
        """Keep a new yes."""
        row = OptInDocument(
            id=opt_in.installation, question_version=opt_in.question_version, granted_at=opt_in.granted_at
        )
        await self._rows.insert(row)

    async def claim(self, installation: str) -> OptIn | None:
        """Return the yes of *installation*, held against a withdrawal until the transaction ends."""
        if not await self._rows.update({"_id": installation}, {"$inc": {"reports": 1}}):
            return None
        row = await self._rows.get(installation)
        return _opt_in(row) if row else None

    async def remove(self, installation: str) -> None:
        """Forget the yes of *installation*."""
        await self._rows.delete({"_id": installation})

    async def installations(self, among: Sequence[str]) -> dict[str, OptIn]:
        """Return the live opt-ins of *among*."""
        return {row.id: _opt_in(row) for row in await self._rows.list({"_id": {"$in": list(among)}})}


class Reports:
    """The raw reports, until their weeks are figures."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReportDocument] = db.collection(ReportDocument)

    async def put(self, report: Report) -> None:
        """Keep *report*, in place of an earlier one of the same installation and week."""
        await self._rows.upsert(
            ReportDocument(
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

    async def of_week(self, week: str) -> AsyncIterator[Report]:
        """Yield the reports of *week*."""
        async for row in self._rows.find({"week": week}):
            yield _report(row)

    async def weeks(self) -> dict[str, int]:
        """Count the reports of each week that has some."""
        rows = await self._rows.aggregate([{"$group": {"_id": "$week", "n": {"$sum": 1}}}])
        return {row["_id"]: int(row["n"]) for row in rows}

    async def remove_of(self, installation: str) -> None:
        """Forget all reports of *installation*."""
        await self._rows.delete({"installation": installation})

    async def latest(self, limit: int) -> list[Report]:
        """Return the *limit* newest reports."""
        return [_report(row) for row in await self._rows.list({}, sort=[("received_at", -1)], limit=limit)]


class Releases:
    """The public statistics."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReleaseDocument] = db.collection(ReleaseDocument)

    async def add(self, release: Release, *, operation: str) -> bool:
        """Publish *release*; False when its week is published already, or *operation* has published one."""
        cells = [CellPart(dimension=cell.dimension, value=cell.value, count=cell.count) for cell in release.cells]
        row = ReleaseDocument(
            id=release.week,
            release_id=release.release_id,
            operation=operation,
            n=release.n,
            minimum_group=release.minimum_group,
            cells=cells,
            published_at=release.published_at,
        )
        try:
            await self._rows.insert(row)
        except DuplicateError:
            return False
        return True

    async def of_operation(self, operation: str) -> Release | None:
        """Return the release that *operation* has published."""
        row = await self._rows.find_one({"operation": operation})
        return _release(row) if row else None

    async def weeks(self) -> set[str]:
        """Return the weeks that are published."""
        return {row.id for row in await self._rows.list({})}

    async def newest(self, limit: int = 52) -> list[Release]:
        """Return the newest releases, newest week first."""
        return [_release(row) for row in await self._rows.list({}, sort=[("_id", -1)], limit=limit)]


def _opt_in(row: OptInDocument) -> OptIn:
    return OptIn(installation=row.id, question_version=row.question_version, granted_at=row.granted_at)


def _report(row: ReportDocument) -> Report:
    return Report(
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
        minimum_group=row.minimum_group,
        cells=cells,
        published_at=row.published_at,
    )

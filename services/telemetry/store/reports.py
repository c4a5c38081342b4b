"""The reports of weeks that are not released yet."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from services.telemetry.domain import StoredReport, Token, UsageReport, Week
from shared.mongo import Collection, Database, Document, Index
from shared.personal import Category, Personal, Retention
from shared.policy import Purpose

RAW_REPORT_RETENTION = timedelta(days=14)
_COUNTED_FIELDS = ("program", "version", "os", "locale", "counters")
_RAW = Personal(Category.USAGE, {Purpose.STATISTICS}, Retention(limit=RAW_REPORT_RETENTION, since="week_closed_at"))


class ReportDocument(Document):
    """A report; ``_id`` is its week and the number of its token, so a token is spent once."""

    collection: ClassVar[str] = "reports"
    indexes: ClassVar[tuple[Index, ...]] = (Index("week"), Index("week_closed_at"))
    stream: str
    question_version: int
    week: str
    token: Annotated[bytes, _RAW]
    """The evaluation of the number: the probe of C03 recomputes it. Nothing links it to its issuance."""
    program: str
    version: str
    os: Annotated[str, _RAW]
    locale: Annotated[str, _RAW]
    counters: Annotated[dict[str, str], _RAW]
    week_closed_at: datetime


class DeletedReportDocument(Document):
    """A token whose report the person had deleted; ``_id`` as that of the report. It stays spent."""

    collection: ClassVar[str] = "deleted_reports"
    indexes: ClassVar[tuple[Index, ...]] = (Index("week_closed_at"),)
    week: str
    week_closed_at: Annotated[
        datetime,
        Personal(
            Category.PSEUDONYM, {Purpose.STATISTICS}, Retention(limit=RAW_REPORT_RETENTION, since="week_closed_at")
        ),
    ]


class Reports:
    """The unreleased reports."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReportDocument] = db.get_collection(ReportDocument)
        self._deleted: Collection[DeletedReportDocument] = db.get_collection(DeletedReportDocument)

    async def add_missing(self, reports: Iterable[StoredReport]) -> set[str]:
        """Insert those of *reports* whose token is not spent by a stored one; return the ids of the others."""
        return await self._rows.insert_missing(_document(report) for report in reports)

    async def list_deleted(self, report_ids: Iterable[str]) -> set[str]:
        """Return those of *report_ids* that a person had deleted: their tokens are spent, too."""
        rows = await self._deleted.list_fields({"_id": {"$in": list(report_ids)}}, ())
        return {row["_id"] for row in rows}

    async def remove_many(self, report_ids: Iterable[str]) -> None:
        """Delete the reports with these ids."""
        await self._rows.delete_many({"_id": {"$in": list(report_ids)}})

    async def delete(self, token: Token, week: Week) -> bool:
        """Delete the report with *token*; its token stays spent. Return whether there was one."""
        report_id = report_id_of(token)
        # The mark comes first: a report that is stored at the same time finds it, or is found by the deletion.
        await self._deleted.upsert_one(
            DeletedReportDocument(id=report_id, week=week.name, week_closed_at=week.closed_at)
        )
        return await self._rows.delete_one({"_id": report_id}) == 1

    async def iter_by_week(self, week: str) -> AsyncIterator[StoredReport]:
        """Yield the reports of *week*."""
        async for row in self._rows.iter_documents({"week": week}):
            yield _report(row)

    async def iter_raw_by_week(self, week: str, *, batch_size: int) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the counted fields of the reports of *week* as stored, *batch_size* at a time: for a million."""
        async for batch in self._rows.iter_fields({"week": week}, _COUNTED_FIELDS, batch_size=batch_size):
            yield batch

    async def count_by_week(self, week: str) -> int:
        """Return the number of reports of *week*."""
        return await self._rows.count_documents({"week": week})

    async def delete_by_week(self, week: str) -> int:
        """Delete the reports of *week* with all that says whose token is spent; return the number of reports."""
        await self._deleted.delete_many({"week": week})
        return await self._rows.delete_many({"week": week})

    async def sample_reports(self, size: int) -> list[StoredReport]:
        """Return up to *size* random reports."""
        return [_report(ReportDocument.from_mongo(row)) for row in await self._rows.sample_documents(size)]


def report_id_of(token: Token) -> str:
    """Return the id of the report that spends *token*."""
    return f"{token.week}:{token.number}"


def _document(report: StoredReport) -> ReportDocument:
    token, usage = report.token, report.usage
    return ReportDocument(
        id=report_id_of(token),
        stream=report.stream,
        question_version=token.question_version,
        week=token.week,
        token=token.evaluation,
        program=usage.program,
        version=usage.version,
        os=usage.os,
        locale=usage.locale,
        counters=dict(usage.counters),
        week_closed_at=report.week_closed_at,
    )


def _report(row: ReportDocument) -> StoredReport:
    return StoredReport(
        stream=row.stream,
        token=Token(
            question_version=row.question_version,
            week=row.week,
            number=row.id.rpartition(":")[2],
            evaluation=row.token,
        ),
        usage=UsageReport(
            program=row.program, version=row.version, os=row.os, locale=row.locale, counters=row.counters
        ),
        week_closed_at=row.week_closed_at,
    )

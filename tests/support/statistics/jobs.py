"""The weekly job on a database, as one process has it, and reports for it."""

from datetime import timedelta

from services.telemetry.domain import Calendars, StoredReport, Stream, Token, UsageReport, Week
from services.telemetry.domain.noise import DrawNoise
from services.telemetry.service import ReleaseJob, ReleasePlan
from services.telemetry.store import BudgetLedger, Releases, Reports, Weeks
from shared.ids import new_id
from shared.mongo import Database

EPSILON = 500_000


def build_job(database: Database, draw: DrawNoise, *, yearly: int = 3 * EPSILON) -> ReleaseJob:
    """Return the job; a year has the budget of three weeks unless *yearly* says another."""
    return ReleaseJob(
        reports=Reports(database),
        weeks=Weeks(database),
        releases=Releases(database),
        budget=BudgetLedger(database),
        calendars=Calendars.from_demo_week(timedelta(seconds=10)),
        plan=ReleasePlan(
            weekly_epsilon_micros=EPSILON,
            yearly_limit_micros={Stream.SOFTWARE: yearly, Stream.DEMO: 100 * EPSILON},
            min_count=5,
        ),
        draw=draw,
        transact=database.with_transaction,
        new_id=new_id,
    )


async def add_reports(job: ReleaseJob, count: int, week: Week, *, program: str = "omnifocus") -> None:
    """Store *count* equal reports of *week*."""
    usage = UsageReport(
        program=program,
        version="4.8" if program == "omnifocus" else "1.0",
        os="macos-26",
        locale="en",
        counters={"launches": "3 to 9", "crashes": "0", "syncs": "300 or more"},
    )
    await job.weeks.ensure_known(week)
    await job.reports.add_missing(
        [
            StoredReport(
                stream=week.stream,
                token=Token(question_version=2, week=week.name, number=f"n{index}", evaluation=b"t"),
                usage=usage,
                week_closed_at=week.closed_at,
            )
            for index in range(count)
        ]
    )

"""C08 and C15 in the stored data: releases that are right are kept, a planted breach of each kind is found."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from services.telemetry.domain import Stream
from services.telemetry.promises import StatisticsProbes
from services.telemetry.service import ReleaseJob
from services.telemetry.store import BudgetEntryDocument, BudgetYearDocument, ReleaseDocument
from shared.mongo import Database
from tests.integration.telemetry.test_releases import DUE, WEEK, job, noise
from tests.support.statistics.jobs import EPSILON, add_reports

__all__ = ["job", "noise"]
"""Fixtures that pytest finds here."""
Plant = Callable[[Database], Awaitable[object]]


@pytest.fixture
async def probes(database: Database, job: ReleaseJob) -> StatisticsProbes:
    """The probes beside one release."""
    await add_reports(job, 12, WEEK)
    await job.run_round(at=DUE)
    return StatisticsProbes(
        releases=job.releases, budget=job.budget, limits={Stream.SOFTWARE: 3 * EPSILON, Stream.DEMO: EPSILON}
    )


async def change_release(database: Database, **changes: object) -> None:
    rows = database.get_collection(ReleaseDocument)
    await rows.update_one({"_id": WEEK.name}, {"$set": changes})


async def drop_a_cell(database: Database) -> None:
    rows = database.get_collection(ReleaseDocument)
    [row] = await rows.list({})
    first = row.tables[1]
    tables = [*row.tables]
    tables[1] = first.model_copy(update={"cells": first.cells[:-1], "counts": first.counts[:-1]})
    await rows.replace_one(row.model_copy(update={"tables": tables}))


async def name_a_person(database: Database) -> None:
    rows = database.get_collection(ReleaseDocument)
    [row] = await rows.list({})
    tables = [*row.tables]
    tables[1] = tables[1].model_copy(update={"cells": ["ada@customers.example", *tables[1].cells[1:]]})
    await rows.replace_one(row.model_copy(update={"tables": tables}))


BREACHES: dict[str, Plant] = {
    "no entry in the ledger": lambda db: db.get_collection(BudgetEntryDocument).delete_many({}),
    "another cost than its entry": lambda db: change_release(db, epsilon_micros=EPSILON - 1, scale=15),
    "a scale too small": lambda db: change_release(db, scale=2),
    "a sensitivity too small": lambda db: change_release(db, sensitivity=1),
    "a cell that was not drawn": drop_a_cell,
    "a year that counts less than its entries": lambda db: db.get_collection(BudgetYearDocument).update_many(
        {}, {"$set": {"spent_micros": 1}}
    ),
}


async def test_C15_what_the_job_releases_is_kept(probes: StatisticsProbes) -> None:
    finding = await probes.releases_are_drawn_and_charged()
    assert finding.state == "kept"
    assert finding.sample_size > 100


@pytest.mark.parametrize("breach", BREACHES)
async def test_C15_a_planted_breach_is_found(breach: str, database: Database, probes: StatisticsProbes) -> None:
    await BREACHES[breach](database)
    assert (await probes.releases_are_drawn_and_charged()).state == "broken"


async def test_C15_a_year_beyond_its_budget_is_found(probes: StatisticsProbes) -> None:
    tight = replace(probes, limits={Stream.SOFTWARE: EPSILON - 1, Stream.DEMO: EPSILON})
    assert (await tight.releases_are_drawn_and_charged()).state == "broken"


async def test_C08_usage_reports_name_no_subject_and_a_planted_name_is_found_without_quoting_it(
    database: Database, probes: StatisticsProbes
) -> None:
    assert (await probes.usage_reports_name_no_subject()).state == "kept"
    await name_a_person(database)
    finding = await probes.usage_reports_name_no_subject()
    assert finding.state == "broken"
    assert "ada" not in finding.evidence

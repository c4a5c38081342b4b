"""What a report can say: closed lists in ASCII, one cell in each table."""

from itertools import product
from typing import Any

import pytest

from services.telemetry.domain import (
    QUESTION,
    SCHEMAS,
    SENSITIVITY,
    Bucket,
    CellKey,
    Feature,
    Locale,
    OperatingSystem,
    Program,
    Stream,
    UsageReport,
    cells_of,
    invalid_fields,
    iter_tables,
    programs_of,
)
from services.telemetry.store import ReportDocument


def a_report(**changed: Any) -> UsageReport:
    values: dict[str, Any] = {
        "program": "omnifocus",
        "version": "4.8",
        "os": "macos-26",
        "locale": "en",
        "counters": dict.fromkeys(Feature, Bucket.ZERO),
        **changed,
    }
    return UsageReport(**values)


@pytest.mark.parametrize("program", Program)
def test_a_report_is_in_one_cell_of_each_table_of_its_program(program: Program) -> None:
    tables = list(iter_tables(program))
    schema = SCHEMAS[program]
    for version, system, locale, bucket in product(schema.versions, OperatingSystem, Locale, Bucket):
        counters = dict.fromkeys(schema.features, bucket)
        found = cells_of(a_report(program=program.value, version=version, os=system, locale=locale, counters=counters))
        assert [cell.table for cell in found] == [table.name for table in tables]
        assert all(cell.cell in table.cells for cell, table in zip(found, tables, strict=True))


def test_one_installation_touches_seven_cells_at_most() -> None:
    assert SENSITIVITY == 7
    assert len(cells_of(a_report())) == SENSITIVITY


def test_b16_ranges_stand_in_the_order_of_their_values() -> None:
    launches = next(table for table in iter_tables(Program.OMNIFOCUS) if table.name == "launches")
    assert launches.cells == ("0", "1 to 2", "3 to 9", "10 to 29", "30 to 99", "100 to 299", "300 or more")
    assert launches.base == "reports of omnifocus"


def test_no_cell_occurs_twice_and_each_is_ascii() -> None:
    cells = [CellKey(t.program, t.name, cell) for p in Program for t in iter_tables(p) for cell in t.cells]
    assert len(cells) == len(set(cells))
    assert "".join(cell for *_, cell in cells).isascii()


def test_the_demonstration_is_a_stream_of_its_own() -> None:
    assert programs_of(Stream.DEMO) == (Program.CANDOR_DEMO,)
    assert Program.CANDOR_DEMO not in programs_of(Stream.SOFTWARE)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"version": "99.99"}, "version"),
        ({"version": "٤.٨"}, "version"),
        ({"version": "8.0"}, "version"),
        ({"counters": {}}, "counters"),
        ({"counters": {"launches": "0"}}, "counters"),
        ({"counters": {"launches": "0", "crashes": "0", "syncs": "0", "secrets": "0"}}, "counters"),
    ],
)
def test_b15_a_value_that_is_not_on_the_list_of_its_program_is_named(changed: dict[str, object], field: str) -> None:
    assert [name for name, _ in invalid_fields(a_report(**changed))] == [field]


def test_b05_a_stored_report_has_what_the_question_names_and_nothing_else() -> None:
    asked = {name.partition(".")[0] for name in QUESTION.collected}
    bookkeeping = {"id", "stream", "question_version", "token", "week_closed_at"}
    assert set(ReportDocument.model_fields) - bookkeeping == asked

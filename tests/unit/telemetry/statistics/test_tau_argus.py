"""An outside judge, tau-ARGUS, audits what is hidden in two-way tables: it finds what our graph finds."""

import json
import subprocess
import tempfile
from itertools import product
from random import Random

import pytest

from services.telemetry.domain.suppression import TOTAL, Position, find_bridges, hide_secondary
from shared.stack.install.environments import TAUARGUS_VENV
from tests.architecture.tree import ROOT

PYTHON = TAUARGUS_VENV / "bin" / "python"
SCRIPT = ROOT / "tests" / "support" / "statistics" / "tau_argus.py"
ROWS, COLUMNS = ("a", "b", "c", "d"), ("s", "t", "u", "v", "w", "x")
MINIMUM = 25

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="tau-ARGUS is not installed: make setup-tests")


def make_table(choice: Random) -> dict[Position, int]:
    """Return counts with their margins."""
    table = {position: choice.choice([2, 3, 10, 30, 60, 90, 150, 300]) for position in product(ROWS, COLUMNS)}
    margins = {(row, TOTAL): sum(table[row, column] for column in COLUMNS) for row in ROWS}
    margins |= {(TOTAL, column): sum(table[row, column] for row in ROWS) for column in COLUMNS}
    return table | margins


def count_exact(tables: list[dict[Position, int]], hidden: list[set[Position]]) -> list[int]:
    """Return how many hidden counts of each table tau-ARGUS computes exactly."""
    request = [
        {
            "cells": [[*position, count] for position, count in table.items() if TOTAL not in position],
            "hidden": [["Total" if name == TOTAL else name for name in position] for position in sorted(positions)],
        }
        for table, positions in zip(tables, hidden, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:  # the engine writes logs where it stands
        done = subprocess.run(
            [PYTHON, SCRIPT], input=json.dumps(request), capture_output=True, text=True, check=True, cwd=folder
        )
    found: list[int] = json.loads(done.stdout)
    return found


def test_b3_tau_argus_computes_no_figure_that_secondary_suppression_hides() -> None:
    tables = [make_table(Random(seed)) for seed in range(12)]
    small = [{position for position, count in table.items() if count < MINIMUM} for table in tables]
    hidden = [set(hide_secondary(table, few)) for table, few in zip(tables, small, strict=True)]
    assert count_exact(tables, hidden) == [0] * len(tables)


def test_b3_without_it_tau_argus_computes_exactly_the_bridges() -> None:
    tables = [make_table(Random(seed)) for seed in range(12)]
    small = [{position for position, count in table.items() if count < MINIMUM} for table in tables]
    bridges = [len(find_bridges(few)) for few in small]
    assert any(bridges)
    assert count_exact(tables, small) == bridges

"""The scoreboard of payments names tests that exist, and every test that is named after a failure mode is on it."""

import re

from tests.architecture.tree import ROOT, refuse, sources

SCOREBOARD = ROOT / "docs" / "reference" / "payments-scoreboard.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def defined() -> set[tuple[str, str]]:
    """Return file and name of every test."""
    pattern = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
    return {(s.path, name) for s in sources() if s.path.startswith("tests/") for name in pattern.findall(s.text)}


def test_every_row_of_the_scoreboard_names_a_test_that_exists() -> None:
    named = set(TEST.findall(SCOREBOARD.read_text(encoding="utf-8")))
    refuse(
        (f"{path}::{name}" for path, name in named - defined()),
        "Name the test that shows it now, or take the row out and say in it that it is not shown.",
    )


def test_every_test_of_a_failure_mode_is_on_the_scoreboard() -> None:
    named = set(TEST.findall(SCOREBOARD.read_text(encoding="utf-8")))
    refuse(
        (f"{path}::{name}" for path, name in defined() - named if name.startswith("test_b4_")),
        "Add it to its row in docs/reference/payments-scoreboard.md.",
    )

"""The failure modes of accounts and log-ins that others have had, I-01 to I-24: each is looked for by name."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
KNOWN = {f"I{number:02}" for number in range(1, 25)}
NAMED = re.compile(r"^(?:async )?def test_((?:[CI]\d\d_)+)", re.MULTILINE)


def test_each_failure_mode_has_a_test_that_is_named_after_it() -> None:
    named = {
        mark
        for path in TESTS.rglob("test_*.py")
        for marks in NAMED.findall(path.read_text(encoding="utf-8"))
        for mark in marks.strip("_").split("_")
    }
    assert not KNOWN - named, f"write a test named test_<id>_… that breaks with it: {sorted(KNOWN - named)}"

"""How long each test file took: kept by ``make test``, and used to give the workers equal shares.

``--keep-durations`` writes build/durations.json: ``files`` holds the seconds of each file (fixtures included),
``tests`` the slowest tests. A file keeps its last duration until it runs again.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DURATIONS = Path(__file__).resolve().parents[2] / "build" / "durations.json"
SLOWEST_SHOWN = 50
_GUESSES = {
    "tests/browser/": 5.0,
    "tests/e2e/": 5.0,
    "tests/chaos/": 10.0,
    "tests/conformance/": 2.0,
    "tests/integration/": 0.4,
    "tests/security/": 0.4,
    "tests/chart/": 0.4,
}
"""Seconds of one test, by folder, where no run has been kept."""
_OTHER_GUESS = 0.03


class DurationRecorder:
    """Adds up what pytest reports; a plugin of the process that reports to the terminal."""

    def __init__(self, path: Path = DURATIONS) -> None:
        self._path = path
        self._tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase (setup, call, teardown) of one test."""
        self._tests[report.nodeid] += report.duration  # type: ignore[assignment] # a Counter adds up floats as well

    def pytest_sessionfinish(self) -> None:
        """Write the durations, beside those of files that did not run."""
        files: Counter[str] = Counter()
        for nodeid, seconds in self._tests.items():
            files[file_of(nodeid)] += seconds
        kept = {**read_durations(self._path), **files}
        slowest = dict(self._tests.most_common(SLOWEST_SHOWN))
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps({"files": _ordered(kept), "tests": _ordered(slowest)}, indent=1) + "\n")


def read_durations(path: Path = DURATIONS) -> dict[str, float]:
    """Return the seconds of each file as the last runs found them; none where there was no run."""
    try:
        return {str(name): float(seconds) for name, seconds in json.loads(path.read_text())["files"].items()}
    except (OSError, ValueError, KeyError):
        return {}


def guess_duration(nodeid: str) -> float:
    """Return the seconds that a test takes where no run has been kept."""
    return next((seconds for folder, seconds in _GUESSES.items() if nodeid.startswith(folder)), _OTHER_GUESS)


def file_of(nodeid: str) -> str:
    """Return the path of the file of a test."""
    return nodeid.partition("::")[0]


def _ordered(seconds: dict[str, Any]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in sorted(seconds.items(), key=lambda item: -item[1])}

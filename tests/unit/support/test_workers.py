"""The shares of the workers, and the durations that they are made from."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.durations import DurationRecorder, guess_duration, read_durations
from tests.support.workers import choose_next, estimate_scopes

SECONDS = {"a/long": 9.0, "a/short": 1.0, "b/one": 4.0, "b/two": 3.0, "c/one": 2.0}


def share(workers: int) -> dict[int, list[str]]:
    """Let *workers* take the scopes as their time allows."""
    waiting, folders = list(SECONDS), dict[Any, str]()
    busy_until, got = dict.fromkeys(range(workers), 0.0), {worker: list[str]() for worker in range(workers)}
    while waiting:
        worker = min(busy_until, key=busy_until.__getitem__)
        scope = choose_next(waiting, SECONDS, folders, worker)
        folders[worker] = scope.partition("/")[0]
        waiting.remove(scope)
        got[worker].append(scope)
        busy_until[worker] += SECONDS[scope]
    return got


def test_the_longest_folder_comes_first_and_a_worker_stays_in_its_folder() -> None:
    assert share(2) == {0: ["a/long", "a/short"], 1: ["b/one", "b/two", "c/one"]}


def test_workers_share_a_folder_when_no_other_is_left() -> None:
    assert choose_next(["a/short"], SECONDS, {0: "a", 1: "b"}, 1) == "a/short"


def test_a_file_counts_as_it_was_measured_and_the_tests_of_a_stack_as_one() -> None:
    nodeids = ["tests/e2e/test_a.py::one", "tests/e2e/test_b.py::one", "tests/unit/x/test_c.py::one[::]"]
    found = estimate_scopes(nodeids, {"tests/e2e/test_a.py": 60.0})
    guess = guess_duration("tests/e2e/test_b.py::one")
    assert found == {"tests/e2e/": 60.0 + guess, "tests/unit/x/test_c.py": guess_duration("tests/unit/x")}


def report(nodeid: str, duration: float) -> pytest.TestReport:
    return cast("pytest.TestReport", SimpleNamespace(nodeid=nodeid, duration=duration))


def test_durations_are_added_up_and_those_of_files_that_did_not_run_stay(tmp_path: Path) -> None:
    path = tmp_path / "build" / "durations.json"
    for runs in ([("a.py::one", 1.0), ("b.py::one", 5.0)], [("a.py::one", 0.5), ("a.py::one", 1.5), ("a.py::two", 1)]):
        recorder = DurationRecorder(path)
        for nodeid, seconds in runs:
            recorder.pytest_runtest_logreport(report(nodeid, seconds))
        recorder.pytest_sessionfinish()
    assert read_durations(path) == {"b.py": 5.0, "a.py": 3.0}
    assert json.loads(path.read_text())["tests"] == {"a.py::one": 2.0, "a.py::two": 1.0}


def test_without_a_run_there_are_no_durations(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert read_durations(tmp_path / "none.json") == read_durations(tmp_path / "broken.json") == {}

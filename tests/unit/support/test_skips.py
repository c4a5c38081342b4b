"""A skipped test fails in CI, with a message that names what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.stack.install import debian
from tests.support import skips

ROOT = Path(__file__).resolve().parents[3]
CONFTEST = """
import sys
sys.path.insert(0, {root!r})
from tests.support.skips import pytest_make_collect_report, pytest_runtest_makereport
"""
ONE = """
import pytest
@pytest.mark.skip(reason="no such program")
def test_skipped(): pass
def test_that_runs(): pass
@pytest.mark.xfail
def test_expected_to_fail(): assert False
"""
WHOLE = """
import pytest
pytest.skip("no such module", allow_module_level=True)
"""


def run(folder: Path, *, ci: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST.format(root=str(ROOT)))
    (folder / "test_one.py").write_text(ONE)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_in_ci_a_skipped_test_fails_and_says_why_and_what_to_do(tmp_path: Path) -> None:
    ended = run(tmp_path, ci="true")
    assert "1 passed, 1 xfailed, 1 error" in ended.stdout
    for told in ("no such program", "TEST_PACKAGES", "ALLOWED_SKIPS"):
        assert told in ended.stdout, ended.stdout


def test_in_ci_a_file_that_is_skipped_as_a_whole_fails(tmp_path: Path) -> None:
    (tmp_path / "test_whole.py").write_text(WHOLE)
    ended = run(tmp_path, ci="true")
    assert ended.returncode != 0
    assert "no such module" in ended.stdout


def test_on_a_machine_of_a_person_it_is_skipped(tmp_path: Path) -> None:
    ended = run(tmp_path, ci="")
    assert ended.returncode == 0, ended.stdout
    assert "1 passed, 1 skipped, 1 xfailed" in ended.stdout


@pytest.mark.parametrize(("reason", "outcome"), [("no /dev/fuse", "skipped"), ("no such program", "failed")])
def test_a_file_on_the_list_may_be_skipped_for_its_reason(
    reason: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = pytest.TestReport("a.py::c", ("a", 1, "c"), {}, "skipped", ("a", 1, f"Skipped: {reason}"), "setup")
    monkeypatch.setitem(skips.ALLOWED_SKIPS, "a.py", "no /dev/fuse")
    skips.refuse_skip(report)
    assert report.outcome == outcome


def test_the_list_names_reasons_that_its_files_give() -> None:
    for file, reason in skips.ALLOWED_SKIPS.items():
        assert reason in (ROOT / file).read_text(encoding="utf-8")


def test_what_only_tests_need_is_not_needed_to_run() -> None:
    assert not debian.PACKAGES.keys() & debian.TEST_PACKAGES.keys()

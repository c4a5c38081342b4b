"""Under CI a skipped test fails: a test that does not run proves nothing.

`.ci/run` sets ``CI=true``. On a person's machine a test may be skipped where a program is not installed.
"""

import os
from collections.abc import Generator

import pytest

ALLOWED_SKIPS = {
    # A container without --device /dev/fuse cannot mount; no package helps.
    "tests/conformance/sync/test_mounts.py": "mounting needs root and /dev/fuse",
}
"""Files whose tests may be skipped in CI, and the one reason for which they may."""
_REMEDY = (
    "In CI a skipped test fails. Install what it needs: add the Debian package to TEST_PACKAGES in "
    "shared/stack/install/debian.py. If no CI machine can have it, add file and reason to ALLOWED_SKIPS in "
    "tests/support/skips.py."
)


def are_skips_refused() -> bool:
    """Whether this run is CI's."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skipped *report* into a failed one, unless its file is allowed to be skipped."""
    # An expected failure is reported as skipped too; it ran.
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if reason.removeprefix("Skipped: ") == ALLOWED_SKIPS.get(report.nodeid.partition("::")[0]):
        return
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: {reason}\n{_REMEDY}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test in CI."""
    report = yield
    if are_skips_refused():
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that is skipped as a whole in CI."""
    report = yield
    if are_skips_refused():
        refuse_skip(report)
    return report

"""One platform for all tests of this folder."""

from collections.abc import Iterator

import pytest

from shared.stack.directory import StackDirectory
from tests.support.collector import collector
from tests.support.stack import StackUnderTest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a whole stack more time: the first of them waits until it is up."""
    for item in items:
        if "/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """The platform, up; ended with the last test of the folder, so that it does not slow down the tests of others."""
    home = StackDirectory(tmp_path_factory.mktemp("stack"))
    with collector(home.data / "traces") as url:  # test_card_scan.py searches the traces, too
        stack = StackUnderTest(home, settings={"OTEL_EXPORTER_OTLP_ENDPOINT": url, "TELEMETRY_DEMO_WEEK_SECONDS": "6"})
        started = stack.run("up")
        try:
            assert started.returncode == 0, started.stdout + started.stderr
            yield stack
        finally:
            stack.run("down")

"""Tests of a whole stack, through its edge."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a whole stack more time: the first of them waits until it is up."""
    for item in items:
        if "/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))

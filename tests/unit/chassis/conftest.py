"""What the tests of this package share."""

from collections.abc import Iterator

import pytest

from tests.support.logs import Lines, logs_of


@pytest.fixture
def logged() -> Iterator[Lines]:
    """The structured lines that the process has logged."""
    with logs_of("demo") as lines:
        yield lines

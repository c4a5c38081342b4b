"""No test here needs a server, and none may see the product block its event loop."""

from collections.abc import Iterator

import pytest

from tests.support.blocking import no_blocking_calls


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[None]:
    """Fail a test in which the product blocks the loop."""
    with no_blocking_calls():
        yield

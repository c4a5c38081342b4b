"""Noise that OpenDP drew, for all tests of this folder."""

import pytest

from tests.support.statistics.mechanisms import PYTHON, NoisePool, draw_pool


@pytest.fixture(scope="session")
def pool() -> NoisePool:
    """Return sixty thousand draws at the scale of the releases."""
    if not PYTHON.exists():
        pytest.skip("OpenDP is not installed: make setup")
    return draw_pool(60_000)

"""Everything here runs on both drivers."""

import pytest


@pytest.fixture(params=["motor", "pymongo"])
def mongo_driver(request: pytest.FixtureRequest) -> str:
    """Each driver in turn."""
    return str(request.param)

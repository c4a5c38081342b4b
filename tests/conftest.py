"""Fixtures for every test: time and ids that stand still, and real parts on loopback."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from shared.ids import new_id
from shared.mongo import Database, open_database
from tests.support import FixedClock, RawWriter, SequentialIds
from tests.support.durations import DurationRecorder
from tests.support.memory import memory_folder
from tests.support.parts import amqp_part, mongo_part
from tests.support.skips import pytest_make_collect_report, pytest_runtest_makereport
from tests.support.workers import FilesTogether

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]
"""Hooks that pytest finds here."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make test` gives."""
    parser.addoption("--keep-durations", action="store_true", help="write build/durations.json")


def pytest_configure(config: pytest.Config) -> None:
    """Record durations where they are asked for; a worker only passes its reports on."""
    if config.getoption("--keep-durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(DurationRecorder())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let each worker take whole files."""
    return FilesTogether(config, log)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon."""
    return FixedClock()


@pytest.fixture
def new_ids() -> SequentialIds:
    """Ids that count."""
    return SequentialIds()


@pytest.fixture(scope="session")
async def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The server that MONGO_URL names, or a private one."""
    with memory_folder("mongo", tmp_path_factory.mktemp("mongo")) as home:
        async with mongo_part(home) as url:
            yield url


@pytest.fixture(scope="session")
async def amqp_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The broker that AMQP_URL names, or a private one."""
    with memory_folder("rabbit", tmp_path_factory.mktemp("rabbit")) as home:
        async with amqp_part(home) as url:
            yield url


@pytest.fixture(scope="session")
async def planter(mongo_url: str) -> AsyncIterator[RawWriter]:
    """A way round ``shared.mongo``, for deliberate breaches."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url, tz_aware=True)
    async with client:
        yield RawWriter(client)


@pytest.fixture
def mongo_driver() -> str:
    """The driver that MONGO_DRIVER names; the tests of ``shared.mongo`` itself run on both."""
    return os.environ.get("MONGO_DRIVER", "motor")


@pytest.fixture
async def database(mongo_url: str, mongo_driver: str, planter: RawWriter) -> AsyncIterator[Database]:
    """A fresh database, empty and unprepared."""
    name = new_id("test")
    async with open_database(mongo_url, name, driver=mongo_driver) as opened:
        yield opened
    await planter.drop_database(name)

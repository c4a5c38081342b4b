"""``python -m services.sync restore``: what a customer at a command line gets, and what is told when it cannot be."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp import web
from typer.testing import CliRunner

from services.sync.cli.restore import app as restore
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.integration.portal.edge.files import BACKUP
from tests.support import NOON, FixedClock
from tests.support.fake_services import until


class Edge(FakeEdge):
    """The APIs; the first token of a log-in may be one that has run out."""

    first_token_life = timedelta(minutes=5)

    async def log_in(self, request: web.Request) -> web.Response:
        self.token_life = self.first_token_life
        try:
            return await super().log_in(request)
        finally:
            self.token_life = timedelta(minutes=5)


@pytest.fixture
def edge() -> Edge:
    """What the platform is for this command."""
    return Edge(FixedClock(NOON))


@pytest.fixture
async def url(edge: Edge) -> AsyncIterator[str]:
    """Where it is."""
    runner = web.AppRunner(edge.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended."""

    code: int
    out: str
    err: str


def words_of(words: tuple[str, ...]) -> list[str]:
    return [*words, "--email", "ada@customers.example"]


async def run(*words: str, password: str = PASSWORD, typed: str = "") -> Ended:
    """Run the command in a thread: it has a loop of its own."""
    known = {"CANDOR_PASSWORD": password}
    told = await asyncio.to_thread(CliRunner().invoke, restore, words_of(words), input=typed, obj=known)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return Ended(told.exit_code, told.stdout, " ".join(told.stderr.split()))


async def test_without_a_path_it_lists_the_backups_and_ends_its_session(url: str, edge: Edge) -> None:
    told = await run(url)
    assert told.code == 0
    assert f"{BACKUP}  created 2027-01-04 12:00 UTC  kept until 2028-01-04 12:00 UTC" in told.out
    assert edge.sessions == {}
    assert edge.restores == {}


@pytest.mark.parametrize(("words", "path"), [(("holiday",), "holiday"), (("--everything", "--backup", BACKUP), None)])
async def test_it_brings_back_what_is_asked_for_and_says_where_it_is(
    url: str, edge: Edge, words: tuple[str, ...], path: str | None
) -> None:
    told = await run(url, *words)
    assert (told.code, told.out) == (0, "4 files, 8.0 KB restored. They are in: holiday (restored 2027-01-04)\n")
    assert [one["path"] for one in edge.restores.values()] == [path]
    assert edge.sessions == {}


async def test_one_that_takes_long_says_how_far_it_is(url: str, edge: Edge) -> None:
    edge.slowness = 5
    assert "1 files, 2.0 KB of 4 files, 8.0 KB" in (await run(url, "holiday")).err


async def test_one_that_fails_says_why_how_far_it_came_and_what_helps(url: str, edge: Edge) -> None:
    failure = {"code": "sync.quota.exceeded", "detail": "There is room for 9", "remedy": "Delete something."}
    edge.ends_as = {"state": "failed", "failure": failure}
    told = await run(url, "holiday")
    assert told.code == 1
    assert told.err.startswith("The restore failed: There is room for 9. Delete something. 1 files, 2.0 KB restored.")


async def test_files_that_are_missing_are_told_and_make_it_fail(url: str, edge: Edge) -> None:
    edge.ends_as |= {"missing": 2}
    told = await run(url, "holiday")
    assert (told.code, "2 files are missing" in told.err) == (1, True)


async def test_the_second_factor_is_asked_for_until_it_is_right(url: str, edge: Edge) -> None:
    edge.protect()
    told = await run(url, typed="000000\n123456\n")
    assert told.code == 0
    assert "One-time code: That code was not accepted." in told.err
    assert told.out.startswith("The backups"), "what is asked is not in what a program may read"


async def test_a_token_that_runs_out_is_renewed(url: str, edge: Edge) -> None:
    edge.first_token_life = timedelta(0)
    assert (await run(url, "holiday")).code == 0
    assert edge.refreshes == 1
    assert edge.sessions == {}


async def test_one_that_is_ended_says_that_the_restore_goes_on_and_ends_its_session(url: str, edge: Edge) -> None:
    edge.slowness, pipe = 1_000, asyncio.subprocess.PIPE
    # As in a terminal: tests in the background of a shell ignore the signal.
    heeding = ("/usr/bin/env", "--default-signal=INT")
    command = (*heeding, sys.executable, "-m", "services.sync", "restore", *words_of((url, "holiday")))
    env = {"PATH": os.environ["PATH"], "CANDOR_PASSWORD": PASSWORD}
    process = await asyncio.create_subprocess_exec(*command, stderr=pipe, env=env)

    async def running() -> bool:
        return any(one["state"] == "running" for one in edge.restores.values())

    await until(running)
    process.send_signal(signal.SIGINT)
    _, told = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, b"continues" in told) == (1, True), told
    assert b"Traceback" not in told
    assert edge.sessions == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), "This backup holds nothing of that name."),
        (("holiday", "--backup", "bak_" + "0" * 26), "There is no such backup."),
        (("holiday", "--everything"), "not both"),
    ],
)
async def test_what_cannot_be_begun_is_refused_in_words(
    url: str, edge: Edge, words: tuple[str, ...], told: str
) -> None:
    refused = await run(url, *words)
    assert (refused.code, told in refused.err) == (2, True), refused
    assert edge.sessions == {}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:9", "cannot be reached"),
        ("http://candor.example", "use https://"),
        ("candor.example", "must begin with https://"),
    ],
)
async def test_an_address_that_is_not_the_platform_is_refused(address: str, told: str) -> None:
    refused = await run(address, "holiday")
    assert (refused.code, told in refused.err) == (2, True), refused


async def test_a_wrong_password_is_refused(url: str) -> None:
    refused = await run(url, password="not this one")
    assert (refused.code, "Address or password" in refused.err) == (2, True), refused


async def test_where_nobody_can_be_asked_it_says_what_to_give(url: str) -> None:
    refused = await run(url, password="")
    assert (refused.code, "CANDOR_PASSWORD" in refused.err) == (2, True), refused

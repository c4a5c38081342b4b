"""``sync check``: our own server passes everything, a second real one is told exactly what it lacks."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.sync.cli import conformance
from services.sync.cli.check import collect_results, format_report, is_usable
from tests.conformance.sync.programs import free_port, listens
from tests.integration.sync.harness import DavClient

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def wsgidav(tmp_path: Path) -> AsyncIterator[str]:
    """Another WebDAV server, as its makers ship it."""
    port = free_port()
    command = (sys.executable, "-m", "tests.conformance.sync.other_server", str(tmp_path), str(port))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    await listens(port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


async def test_our_own_server_passes_every_check(ada: DavClient) -> None:
    results = await collect_results(ada.url + ada.path(""), ada.username, ada.password)
    assert [(one.check.title, one.failure) for one in results if one.failure] == []
    assert len(results) == 2 * len(conformance.CHECKS)
    assert await ada.names() == set(), "nothing is left behind"


async def test_another_server_is_told_what_it_lacks(wsgidav: str, tmp_path: Path) -> None:
    results = await collect_results(wsgidav, "", "")
    failed = {one.check.run for one in results if one.failure}
    # Whether two of eight who race win there is a matter of luck.
    assert failed - {conformance.allows_one_creator} == {
        conformance.etags_every_write,
        conformance.etags_folders,
        conformance.rejects_stale_writes,
        conformance.survives_broken_uploads,
        conformance.rejects_depth_infinity,
        conformance.reports_changes,
    }
    assert is_usable(results)
    assert "miss  A folder supports sync tokens" in format_report(results)
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


@pytest.mark.parametrize(("path", "code", "said"), [("/", 0, "can be synced with"), ("/no/", 2, "cannot be checked")])
async def test_the_command_tells_by_its_exit_code(wsgidav: str, path: str, code: int, said: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.sync", "check", wsgidav + path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert (process.returncode, said in out.decode()) == (code, True), out.decode()

"""``python -m tests.conformance.scoreboard``: our WebDAV server and the five others, held to the same checks.

Those that are installed are started one after the other; the table goes to standard output, as in the README of sync.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.sync.cli.check import collect_results
from services.sync.cli.conformance import CHECKS, CheckFailedError, ConformanceCheck
from shared import observe
from tests.bench.servers import OTHERS, Server, process
from tests.conformance.sync.programs import free_port
from tests.integration.sync.harness import open_harness
from tests.support.parts import amqp_part, mongo_part

LITMUS = "litmus 0.13, tests passed"
LITMUS_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Held:
    """A server that runs: its name, its address, who is let in."""

    name: str
    url: str
    user: str = ""
    password: str = ""


@asynccontextmanager
async def ours(home: Path) -> AsyncIterator[Held]:
    """Run sync as the tests do: real database, real disk, real sockets."""
    async with AsyncExitStack() as parts:
        for folder in ("mongo", "rabbit", "sync"):
            (home / folder).mkdir(parents=True)
        mongo_url = await parts.enter_async_context(mongo_part(home / "mongo"))
        amqp_url = await parts.enter_async_context(amqp_part(home / "rabbit"))
        port = free_port()
        harness = await parts.enter_async_context(
            open_harness(home / "sync", mongo_url=mongo_url, amqp_url=amqp_url, port=port)
        )
        ada = harness.device()
        yield Held("ours", ada.url + ada.path(""), ada.username, ada.password)


@asynccontextmanager
async def wsgidav(home: Path) -> AsyncIterator[Server]:
    """Run wsgidav as the tests of the checks do."""
    files, port = home / "files", free_port()
    files.mkdir(parents=True)
    command = (sys.executable, "-m", "tests.conformance.sync.other_server", str(files), str(port))
    async with process(command, home / "log", port):
        yield Server("wsgidav", port)


def held(server: Server) -> Held:
    """Return one of the others as who checks it sees it."""
    who = ("ada", "password") if server.authorization else ("", "")
    return Held(server.name, f"http://127.0.0.1:{server.port}{server.root}", *who)


async def judged(server: Held) -> dict[str, str]:
    """Return what *server* does of each check, and how much of litmus it passes."""
    try:
        results = await collect_results(server.url, server.user, server.password)
    except CheckFailedError as fault:
        print(f"{server.name} cannot be checked: {fault}", file=sys.stderr)
        results = []
    missed: dict[ConformanceCheck, bool] = {}
    for result in results:
        missed[result.check] = missed.get(result.check, False) or bool(result.failure)
    found = {check.title: "no" if fault else "yes" for check, fault in missed.items()}
    return {**found, LITMUS: await litmus(server)}


async def litmus(server: Held) -> str:
    """Return how many tests of litmus pass; a suite that breaks off counts as far as it came."""
    program = shutil.which("litmus")
    if program is None:
        return "not installed"
    with tempfile.TemporaryDirectory() as folder:
        who = (server.user, server.password) if server.user else ()
        run = await asyncio.create_subprocess_exec(
            *(program, "-k", server.url, *who),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            told, _ = await asyncio.wait_for(run.communicate(), LITMUS_LIMIT)
        except TimeoutError:
            run.kill()
            await run.wait()
            return f"not done in {LITMUS_LIMIT:.0f} s"
    counts = re.findall(r"of (\d+) tests run: (\d+) passed", told.decode(errors="replace"))
    return f"{sum(int(passed) for _, passed in counts)} of {sum(int(ran) for ran, _ in counts)}"


def table(found: dict[str, dict[str, str]]) -> str:
    """Return Markdown: a row for each check, a column for each server."""
    rows = [*(check.title for check in CHECKS), LITMUS]
    lines = [["", *found], ["---"] * (len(found) + 1)]
    lines += [[row, *(answers.get(row, "–") for answers in found.values())] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def main() -> None:
    """Check one server after the other."""
    observe.configure_logging("scoreboard", "error")
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="candor-scoreboard-") as folder:
        home = Path(folder)
        async with ours(home / "ours") as server:
            found["ours"] = await judged(server)
        for program, other in {"wsgidav": wsgidav, **OTHERS}.items():
            if program != "wsgidav" and not shutil.which(program):
                print(f"{program} is not installed: it is left out", file=sys.stderr)
                continue
            async with other(home / program) as running:
                print(f"checking {running.name}", file=sys.stderr)
                found[running.name] = await judged(held(running))
    print(table(found))


if __name__ == "__main__":
    asyncio.run(main())

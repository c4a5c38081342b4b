"""One service of the platform, as its own process."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from shared.stack.home import make_folder
from shared.stack.process import Command, Tell, silent, supervised
from shared.stack.ready import answers_ok
from shared.stack.settings import ROOT


@asynccontextmanager
async def start(
    name: str,
    *,
    port: int,
    env: Mapping[str, str],
    data: Path,
    log: Path,
    after_crash: Callable[[], Awaitable[None]] | None = None,
    tell: Tell = silent,
) -> AsyncIterator[str]:
    """Run ``services.<name>`` on *port* with its files in *data*; ready once its own parts answer."""
    make_folder(data)
    url = f"http://127.0.0.1:{port}"
    command = Command(
        name=name,
        argv=(sys.executable, "-m", f"services.{name}"),
        log=log,
        cwd=ROOT,
        env={**env, "CANDOR_SERVICE_PORT": str(port), "PYTHONUNBUFFERED": "1"},
        ready=answers_ok(f"{url}/readyz"),
        start_within=150,
        after_crash=after_crash,
    )
    async with supervised(command, tell):
        yield url

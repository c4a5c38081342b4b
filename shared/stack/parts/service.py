"""One service of the platform, as a process of its own."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from shared.stack.directory import ensure_folder
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import http_ok
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
    listener: ProcessListener = ignore_event,
) -> AsyncIterator[str]:
    """Run ``services.<name>`` on *port* with its files in *data*; ready once /readyz answers 200.

    A name such as ``newsletter/inbound`` is a further process of a service, named by its first argument.
    """
    ensure_folder(data)
    service_name, *arguments = name.split("/")
    url = f"http://127.0.0.1:{port}"
    command = ProcessSpec(
        name="-".join((service_name, *arguments)),
        argv=(sys.executable, "-m", f"services.{service_name}", *arguments),
        log=log,
        cwd=ROOT,
        env={**env, "CANDOR_SERVICE_PORT": str(port), "PYTHONUNBUFFERED": "1"},
        check_ready=http_ok(f"{url}/readyz"),
        start_timeout=150,
        after_crash=after_crash,
    )
    async with run_supervised(command, listener):
        yield url

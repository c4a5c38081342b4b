"""The local mailbox, as its own process: it accepts every mail and shows it; only the local stack has one."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.stack.directory import ensure_folder
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import http_ok
from shared.stack.settings import ROOT, StackPorts


@asynccontextmanager
async def start(
    *, ports: StackPorts, data: Path, log: Path, listener: ProcessListener = ignore_event
) -> AsyncIterator[str]:
    """Take mail on the port ``smtp``, show it on the port ``mailbox``, keep it in *data*."""
    ensure_folder(data)
    places = ("--smtp-port", str(ports["smtp"]), "--http-port", str(ports["mailbox"]), "--folder", str(data))
    command = ProcessSpec(
        name="mailbox",
        argv=(sys.executable, "-m", "shared.stack.mailbox", *places),
        log=log,
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
        check_ready=http_ok(ports.build_url("mailbox", "/healthz")),
        stop_timeout=5,
    )
    async with run_supervised(command, listener):
        yield f"smtp://127.0.0.1:{ports['smtp']}"

"""The local mailbox as a process of its own; only the local stack has one."""

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
    """Run the mailbox: SMTP on the port ``smtp``, pages on the port ``mailbox``, mails stored in *data*."""
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

"""The local mailbox, as its own process: it accepts every mail and shows it; only the local stack has one."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.stack.home import make_folder
from shared.stack.process import Command, Tell, silent, supervised
from shared.stack.ready import answers_ok
from shared.stack.settings import ROOT, Ports


@asynccontextmanager
async def start(*, ports: Ports, data: Path, log: Path, tell: Tell = silent) -> AsyncIterator[str]:
    """Take mail on the port ``smtp``, show it on the port ``mailbox``, keep it in *data*."""
    make_folder(data)
    places = ("--smtp-port", str(ports["smtp"]), "--http-port", str(ports["mailbox"]), "--folder", str(data))
    command = Command(
        name="mailbox",
        argv=(sys.executable, "-m", "shared.stack.mailbox", *places),
        log=log,
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
        ready=answers_ok(ports.url("mailbox", "/healthz")),
        stop_within=5,
    )
    async with supervised(command, tell):
        yield f"smtp://127.0.0.1:{ports['smtp']}"

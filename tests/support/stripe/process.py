"""localstripe in a process and a temporary folder of its own; it is installed apart (GPL-3.0) and never imported here.

Its command line listens on all interfaces, and its store, which holds full test numbers, is one fixed file that all
instances share: the launcher binds loopback and moves the store into the given folder.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from shared.stack.install.environments import LOCALSTRIPE_VENV

_LAUNCHER = """
import os, sys
from aiohttp import web
from localstripe import resources, server
folder, port = sys.argv[1], int(sys.argv[2])
resources.Store.__setitem__ = dict.__setitem__  # it is written after each request all the same
resources.open = lambda path, mode: open(os.path.join(folder, os.path.basename(path)), mode)
web.run_app(server.app, host="127.0.0.1", port=port, print=None, access_log=None)
"""


def localstripe_python() -> Path | None:
    """Return the interpreter of localstripe's environment; None where it is not installed."""
    found = LOCALSTRIPE_VENV / "bin" / "python"
    return found if found.exists() else None


@asynccontextmanager
async def localstripe(folder: Path) -> AsyncIterator[str]:
    """Run localstripe with its files in *folder*; yield its address."""
    python = localstripe_python()
    assert python is not None, "localstripe is not installed: python3 -m shared.stack.install --tests"
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        str(python), "-c", _LAUNCHER, str(folder), str(port), env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)}
    )
    try:
        await _wait_until_ready(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _wait_until_ready(port: int, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        while True:
            if process.returncode is not None:
                sys.exit("localstripe ended while it started")
            try:
                async with session.get(f"http://127.0.0.1:{port}/v1/customers/none"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Postfix's smtp-sink, a relay that takes everything: from the package when it is installed, else unpacked from it."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

from shared.stack.settings import ROOT
from tests.support.parts import free_ports

_AS_NOBODY = ("-u", "nobody") if os.geteuid() == 0 else ()
_UNPACKED = ROOT / ".tools" / "postfix"


def find_smtp_sink() -> Path | None:
    """Return the program; None where neither it nor apt-get is at hand. Unpacking needs no root and starts nothing."""
    if installed := which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return Path(installed)
    program = _UNPACKED / "usr" / "sbin" / "smtp-sink"
    if not program.exists() and which("apt-get") and which("dpkg"):
        _UNPACKED.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "postfix"], cwd=_UNPACKED, check=False, capture_output=True)
        for package in _UNPACKED.glob("postfix_*.deb"):
            subprocess.run(["dpkg", "-x", package.name, "."], cwd=_UNPACKED, check=False, capture_output=True)
    return program if program.exists() else None


@asynccontextmanager
async def smtp_sink(program: Path) -> AsyncIterator[str]:
    """Run the sink on loopback; yield its URL."""
    port = free_ports()["mongo"]
    libraries = program.parents[2] / "usr" / "lib" / "postfix"
    process = await asyncio.create_subprocess_exec(
        *(str(program), *_AS_NOBODY, "-m", "512", f"127.0.0.1:{port}", "512"),
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _wait_for(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

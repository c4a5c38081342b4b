"""The local MongoDB-wire server: SecantusDB, GPL-2.0, beta; a process of its own, installed apart (.tools/mongo)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.stack.process import Command, Tell, silent, supervised
from shared.stack.ready import accepts
from shared.stack.settings import ROOT

_TOOLS = ROOT / ".tools" / "mongo" / "bin"


def server() -> Path | None:
    """Return the installed server: the fast one, or the Python one of later versions; None when there is neither."""
    return next((_TOOLS / name for name in ("secantusd-rs", "secantusd-py") if (_TOOLS / name).exists()), None)


@asynccontextmanager
async def start(*, port: int, data: Path, log: Path, tell: Tell = silent) -> AsyncIterator[str]:
    """Run the server on *port* with its files in *data*; every acknowledged write survives a kill."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = Command(
        name="mongo",
        argv=_arguments(port, data),
        log=log,
        cwd=data,
        env={"PATH": os.defpath, "HOME": str(data)},  # no secantusd.toml of the person who starts it
        ready=accepts(port),
    )
    async with supervised(command, tell):
        yield f"mongodb://127.0.0.1:{port}"


def _arguments(port: int, data: Path) -> tuple[str, ...]:
    program = server() or _TOOLS / "secantusd-rs"
    shared = (str(program), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(data))
    # Without --sync-on-commit a kill -9 loses acknowledged writes; without --log-file-max a restart takes 6-28 s.
    fast = ("--log-file-max", "64MB") if program.name == "secantusd-rs" else ()
    return (*shared, "--cache-size", "256M", "--sync-on-commit", *fast)

"""The local MongoDB-wire server: SecantusDB, GPL-2.0, beta; a process of its own, installed apart (.tools/mongo)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from shared.mongo import StoreUnavailableError, abort_all_transactions
from shared.stack.directory import ensure_folder
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import is_listening
from shared.stack.settings import ROOT

_TOOLS_DIR = ROOT / ".tools" / "mongo" / "bin"


def find_server() -> Path | None:
    """Return the installed server: the fast one, or the Python one of later versions; None when there is neither."""
    return next((_TOOLS_DIR / name for name in ("secantusd-rs", "secantusd-py") if (_TOOLS_DIR / name).exists()), None)


def describe_server() -> str:
    """Say which of the two servers it is, since one is faster and neither is a mongod."""
    program = find_server()
    if program is None:
        return "the MongoDB-wire server is not installed: make setup"
    kind = (
        "the fast server"
        if program.name == "secantusd-rs"
        else "the Python server, slower: the fast one was not to be had"
    )
    return f"MongoDB-wire server: SecantusDB {_server_version()}, {program.name} ({kind})"


def _server_version() -> str:
    found = next(_TOOLS_DIR.parent.glob("lib/python*/site-packages/[Ss]ecantus[Dd][Bb]-*.dist-info"), None)
    return found.name.split("-")[1].removesuffix(".dist") if found else "of an unknown version"


@asynccontextmanager
async def start(*, port: int, data: Path, log: Path, listener: ProcessListener = ignore_event) -> AsyncIterator[str]:
    """Run the server on *port* with its files in *data*; every acknowledged write survives a kill."""
    ensure_folder(data)
    command = ProcessSpec(
        name="mongo",
        argv=_arguments(port, data),
        log=log,
        cwd=data,
        env={"PATH": os.defpath, "HOME": str(data)},  # no secantusd.toml of the person who starts it
        check_ready=is_listening(port),
    )
    async with run_supervised(command, listener):
        yield f"mongodb://127.0.0.1:{port}"


async def abort_orphaned_transactions(url: str) -> None:
    """Let the living go on after a service was killed in the middle of a transaction.

    This server keeps such a transaction open for ever, and whoever writes the same documents waits for it (a mongod
    ends it after a minute). All open transactions are ended: those of the living are run again by themselves.
    """
    with suppress(StoreUnavailableError):  # it was killed too: it comes back without any
        await abort_all_transactions(url)


def _arguments(port: int, data: Path) -> tuple[str, ...]:
    program = find_server() or _TOOLS_DIR / "secantusd-rs"
    shared = (str(program), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(data))
    # Without --sync-on-commit a kill -9 loses acknowledged writes; without --log-file-max a restart takes 6-28 s.
    fast = ("--log-file-max", "64MB") if program.name == "secantusd-rs" else ()
    return (*shared, "--cache-size", "256M", "--sync-on-commit", *fast)

"""The local MongoDB-wire server: SecantusDB (GPL-2.0, beta), a separate process installed in .tools/mongo."""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.mongo import DatabaseUser, StoreUnavailableError, abort_all_transactions, ensure_users
from shared.stack.directory import ensure_folder, write_private_file
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import is_listening
from shared.stack.settings import ROOT

_TOOLS_DIR = ROOT / ".tools" / "mongo" / "bin"


def find_server() -> Path | None:
    """Return the installed server: the fast one, or the Python one of later versions; None without either."""
    return next((_TOOLS_DIR / name for name in ("secantusd-rs", "secantusd-py") if (_TOOLS_DIR / name).exists()), None)


def describe_server() -> str:
    """Return a line that names the installed server: the two differ in speed, and neither is a mongod."""
    program = find_server()
    if program is None:
        return "the MongoDB-wire server is not installed: make setup"
    kind = (
        "the fast server"
        if program.name == "secantusd-rs"
        else "the slower Python server; the fast one was not available"
    )
    return f"MongoDB-wire server: SecantusDB {_server_version()}, {program.name} ({kind})"


def _server_version() -> str:
    found = next(_TOOLS_DIR.parent.glob("lib/python*/site-packages/[Ss]ecantus[Dd][Bb]-*.dist-info"), None)
    return found.name.split("-")[1].removesuffix(".dist") if found else "of an unknown version"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """The users of the server, and the port used to create them: this server has no localhost exception."""

    users: Sequence[DatabaseUser]
    setup_port: int

    @property
    def fingerprint(self) -> str:
        """A hash that changes with every user, password or role."""
        users = [(user.name, user.database, user.password, user.roles) for user in self.users]
        return hashlib.sha256(json.dumps(users).encode()).hexdigest()


@asynccontextmanager
async def start(
    *,
    port: int,
    data: Path,
    log: Path,
    access: AccessControl | None = None,
    listener: ProcessListener = ignore_event,
) -> AsyncIterator[str]:
    """Run the server on *port* with its files in *data*; every acknowledged write survives a kill.

    With *access*, clients must log in (docs/decisions/0010-one-user-a-service.md describes what the server enforces).
    """
    ensure_folder(data)
    if access is not None:
        await _ensure_users(access, data, log)
    async with run_supervised(_server(port, data, log, *([] if access is None else ["--auth"])), listener):
        yield f"mongodb://127.0.0.1:{port}"


async def _ensure_users(access: AccessControl, data: Path, log: Path) -> None:
    """Create missing users and update changed ones, through a temporary server without access control."""
    known = data / "candor-users"
    if known.exists() and known.read_text(encoding="utf-8") == access.fingerprint:
        return
    async with run_supervised(_server(access.setup_port, data, log), ignore_event):
        await ensure_users(f"mongodb://127.0.0.1:{access.setup_port}", access.users)
    write_private_file(known, access.fingerprint)


def _server(port: int, data: Path, log: Path, *options: str) -> ProcessSpec:
    return ProcessSpec(
        name="mongo",
        argv=(*_arguments(port, data), *options),
        log=log,
        cwd=data,
        env={"PATH": os.defpath, "HOME": str(data)},  # ignore the user's secantusd.toml
        check_ready=is_listening(port),
    )


async def abort_orphaned_transactions(url: str) -> None:
    """Abort all open transactions, after a service was killed inside one.

    This server never expires such a transaction (a mongod does after a minute), and every write to the same documents
    waits for it. Live clients retry their aborted transactions.
    """
    with suppress(StoreUnavailableError):  # killed as well: it restarts without transactions
        await abort_all_transactions(url)


def _arguments(port: int, data: Path) -> tuple[str, ...]:
    program = find_server() or _TOOLS_DIR / "secantusd-rs"
    shared = (str(program), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(data))
    # Without --sync-on-commit a kill -9 loses acknowledged writes; without --log-file-max a restart takes 6-28 s.
    fast = ("--log-file-max", "64MB") if program.name == "secantusd-rs" else ()
    return (*shared, "--cache-size", "256M", "--sync-on-commit", *fast)

"""Creates the virtual environments from hashed lock files: .venv for the platform, .tools/mongo for the database."""

import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from shared.stack.install.progress import InstallError, ProgramResult, run_program

ROOT = Path(__file__).resolve().parents[3]
PLATFORM_VENV = ROOT / ".venv"
MONGO_VENV = ROOT / ".tools" / "mongo"
PLATFORM_LOCK = ROOT / "requirements-dev.lock"
MONGO_LOCKS = (ROOT / "requirements-mongo.lock", ROOT / "requirements-mongo-fallback.lock")
"""The fast server, and as a fallback, should that old beta be removed from the index, a later Python server."""


def ensure_platform() -> None:
    """Install requirements-dev.lock into .venv unless it is current."""
    if _is_current(PLATFORM_VENV, PLATFORM_LOCK):
        return
    outcome = _install(PLATFORM_VENV, PLATFORM_LOCK, "Python packages")
    if outcome.exit_code:
        raise InstallError(
            f"{PLATFORM_LOCK.name} could not be installed ({outcome.error_line}): "
            "check the network, then run make setup"
        )


def ensure_mongo() -> None:
    """Install one of the two servers into .tools/mongo, the fast one if it is available."""
    if any(_is_current(MONGO_VENV, lock) for lock in MONGO_LOCKS):
        return
    lock, fallback = MONGO_LOCKS
    outcome = _install(MONGO_VENV, lock, "MongoDB-wire server")
    if _is_missing_upstream(outcome):
        lock, outcome = (
            fallback,
            _install(
                MONGO_VENV, fallback, "MongoDB-wire server (the Python one: the fast beta is no longer available)"
            ),
        )
    if not outcome.exit_code:
        return
    raise InstallError(
        f"{lock.name} could not be installed ({outcome.error_line}): check the network, then run make setup"
    )


def find_outdated() -> list[str]:
    """Return the environments that do not match their lock files."""
    outdated = [] if _is_current(PLATFORM_VENV, PLATFORM_LOCK) else [PLATFORM_VENV.name]
    return outdated + ([] if any(_is_current(MONGO_VENV, lock) for lock in MONGO_LOCKS) else [".tools/mongo"])


def can_create_venvs() -> bool:
    """Return whether this Python can create virtual environments; Debian's cannot."""
    return find_spec("ensurepip") is not None and find_spec("venv") is not None


def _install(folder: Path, lock: Path, label: str) -> ProgramResult:
    if not (folder / "bin" / "pip").exists():
        created = _create_venv(folder)
        if created.exit_code:
            return created
    # The lock is complete: nothing is resolved, and each file must match one of its hashes.
    arguments = (
        "install",
        "--require-hashes",
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
        "-r",
        str(lock),
    )
    pins = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines() if line[:1].isalnum())
    outcome = run_program(
        label,
        [str(folder / "bin" / "python"), "-m", "pip", *arguments],
        total=pins,
        is_counted=lambda line: line.startswith(("Collecting ", "Requirement already satisfied: ")),
    )
    if not outcome.exit_code:
        (folder / "installed").write_text(_stamp(lock), encoding="utf-8")
    return outcome


def _create_venv(folder: Path) -> ProgramResult:
    """Create an empty environment; the remains of an interrupted installation are deleted."""
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True, check=False)
    return ProgramResult(done.returncode, (done.stdout + done.stderr).splitlines())


def _is_current(folder: Path, lock: Path) -> bool:
    stamp = folder / "installed"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _stamp(lock)


def _stamp(lock: Path) -> str:
    return f"{lock.name} {sha256(lock.read_bytes()).hexdigest()}\n"


def _is_missing_upstream(outcome: ProgramResult) -> bool:
    return any("No matching distribution found" in line for line in outcome.tail)

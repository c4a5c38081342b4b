"""Creates the virtual environments from hashed lock files.

.venv is for the platform, .tools/mongo for the database, .tools/statistics for the noise of the public statistics.
"""

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
LOCALSTRIPE_VENV = ROOT / ".tools" / "localstripe"
PLATFORM_LOCK = ROOT / "requirements-dev.lock"
UV_VENV = ROOT / ".tools" / "uv"
UV = UV_VENV / "bin" / "uv"
UV_LOCK = ROOT / "requirements-uv.lock"
MONGO_LOCKS = (ROOT / "requirements-mongo.lock", ROOT / "requirements-mongo-fallback.lock")
"""The fast server, and as a fallback, should that old beta be removed from the index, a later Python server."""

OAUTH_CLIENTS_VENV = ROOT / ".tools" / "oauth-clients"
OAUTH_CLIENTS_LOCK = ROOT / "requirements-oauth-clients.lock"
OAUTH_CLIENTS_PACKAGES = ROOT / "tests" / "conformance" / "oauth"
"""The folder of ``package.json`` and its lock, for the clients that run in Node.js."""
LOCALSTRIPE_LOCK = ROOT / "requirements-localstripe.lock"
"""Stripe's side of the wire in tests, apart from everything that is distributed: it is GPL-3.0."""
STATISTICS_VENV = ROOT / ".tools" / "statistics"
STATISTICS_LOCK = ROOT / "requirements-statistics.lock"
"""OpenDP, which takes 275 MB: only the weekly release of telemetry needs it, in a process of its own."""
TAUARGUS_VENV = ROOT / ".tools" / "tauargus"
TAUARGUS_LOCK = ROOT / "requirements-tauargus.lock"
"""An outside judge of suppressed tables in tests, apart from everything that is distributed: it is EUPL-1.2."""


def ensure_uv() -> None:
    """Install uv into .tools/uv unless it is current; without it pip does the work, only slower."""
    if _is_current(UV_VENV, UV_LOCK) or _create_venv(UV_VENV).exit_code:
        return
    outcome = _install_with_pip(str(UV_VENV / "bin" / "python"), UV_LOCK, "uv")
    if not outcome.exit_code:
        (UV_VENV / "installed").write_text(_stamp(UV_LOCK), encoding="utf-8")


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


def ensure_localstripe() -> None:
    """Install localstripe into .tools/localstripe, or print that the tests needing it are skipped."""
    if _is_current(LOCALSTRIPE_VENV, LOCALSTRIPE_LOCK):
        return
    outcome = _install(LOCALSTRIPE_VENV, LOCALSTRIPE_LOCK, "localstripe, for the tests of card payments")
    if outcome.exit_code:
        print(
            f"! {LOCALSTRIPE_LOCK.name} could not be installed ({outcome.error_line}): "
            "the tests that need it are skipped here; in CI a skipped test fails.",
            file=sys.stderr,
        )


def ensure_statistics() -> None:
    """Install OpenDP into .tools/statistics, or print that statistics are not released here."""
    if _is_current(STATISTICS_VENV, STATISTICS_LOCK):
        return
    outcome = _install(STATISTICS_VENV, STATISTICS_LOCK, "OpenDP, for the noise of the statistics")
    if outcome.exit_code:
        print(
            f"! {STATISTICS_LOCK.name} could not be installed ({outcome.error_line}): "
            "statistics are not released here, and the tests that need it are skipped; in CI a skipped test fails.",
            file=sys.stderr,
        )


def ensure_tauargus() -> None:
    """Install tau-ARGUS into .tools/tauargus, or print that the tests needing it are skipped."""
    if _is_current(TAUARGUS_VENV, TAUARGUS_LOCK):
        return
    outcome = _install(TAUARGUS_VENV, TAUARGUS_LOCK, "tau-ARGUS, a judge of suppressed tables in tests")
    if outcome.exit_code:
        print(
            f"! {TAUARGUS_LOCK.name} could not be installed ({outcome.error_line}): "
            "the tests that need it are skipped here; in CI a skipped test fails.",
            file=sys.stderr,
        )


def ensure_oauth_clients() -> None:
    """Install the OAuth clients of the tests into .tools/oauth-clients, with Node.js and what runs in it."""
    modules = OAUTH_CLIENTS_VENV / "package-lock.json"
    wanted = OAUTH_CLIENTS_PACKAGES / "package-lock.json"
    is_current = modules.exists() and modules.read_bytes() == wanted.read_bytes()
    if is_current and _is_current(OAUTH_CLIENTS_VENV, OAUTH_CLIENTS_LOCK):
        return
    outcome = _install(OAUTH_CLIENTS_VENV, OAUTH_CLIENTS_LOCK, "OAuth clients, for the tests of identity")
    if not outcome.exit_code:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(OAUTH_CLIENTS_PACKAGES / name, OAUTH_CLIENTS_VENV)
        npm = (str(OAUTH_CLIENTS_VENV / "bin" / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        program = ["/usr/bin/env", "-C", str(OAUTH_CLIENTS_VENV), *npm]
        outcome = run_program("OAuth clients in Node.js", program)
    if outcome.exit_code:
        modules.unlink(missing_ok=True)
        print(
            f"! the OAuth clients could not be installed ({outcome.error_line}): "
            "the tests that need them are skipped here; in CI a skipped test fails.",
            file=sys.stderr,
        )


def find_outdated() -> list[str]:
    """Return the environments that do not match their lock files."""
    outdated = [] if _is_current(PLATFORM_VENV, PLATFORM_LOCK) else [PLATFORM_VENV.name]
    return outdated + ([] if any(_is_current(MONGO_VENV, lock) for lock in MONGO_LOCKS) else [".tools/mongo"])


def can_create_venvs() -> bool:
    """Return whether this Python can create virtual environments; Debian's cannot."""
    return find_spec("ensurepip") is not None and find_spec("venv") is not None


def _install(folder: Path, lock: Path, label: str) -> ProgramResult:
    """Make *folder* an environment with exactly the packages of *lock*; uv takes an eighth of the time of pip."""
    if not (folder / "bin" / "pip").exists():
        created = _create_venv(folder)
        if created.exit_code:
            return created
    python = str(folder / "bin" / "python")
    options = ("--quiet", "--compile-bytecode", "--require-hashes", "--python", python)
    outcome = run_program(label, [str(UV), "pip", "sync", *options, str(lock)])
    if outcome.exit_code:
        # uv reads none of pip's settings: an index or a certificate that only pip knows is no reason to fail.
        outcome = _install_with_pip(python, lock, label)
    if not outcome.exit_code:
        (folder / "installed").write_text(_stamp(lock), encoding="utf-8")
    return outcome


def _install_with_pip(python: str, lock: Path, label: str) -> ProgramResult:
    # The lock is complete: nothing is resolved, and each file must match one of its hashes.
    options = ("--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check")
    pins = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines() if line[:1].isalnum())
    return run_program(
        label,
        [python, "-m", "pip", "install", *options, "-r", str(lock)],
        total=pins,
        is_counted=lambda line: line.startswith(("Collecting ", "Requirement already satisfied: ")),
    )


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

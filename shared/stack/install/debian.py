"""Installs missing Debian packages, with sudo unless the user is root."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from shared.stack.install.progress import InstallError, run_program

PACKAGES = {
    "rabbitmq-server": "the broker (a private node; a system broker that the package starts is left alone)",
    "rclone": "the WebDAV client of the demonstration and the tests",
}
"""The Debian packages the platform needs, and why."""
TEST_PACKAGES = {
    "cadaver": "a WebDAV client",
    "chromium": "the browser",
    "curl": "an HTTP client",
    "davfs2": "a WebDAV client that mounts",
    "fuse3": "what rclone mounts with",
    "golang-go": "verifies the transparency log",
    "golang-golang-x-mod-dev": "Go's packages for logs of this form",
    "litmus": "the WebDAV conformance suite",
    "opendkim": "verifies DKIM signatures",
    "opendkim-tools": "verifies DKIM keys",
    "prometheus": "reads the metrics; promtool checks the alerts",
}
"""Independent programs that `make check` and `make test` verify the platform with; `make run` does not need them."""
VENV_PACKAGE = "python3-venv"
"""Also needed when Python has no ensurepip, such as Debian's."""

_APT_GET = Path("/usr/bin/apt-get")
_LOCK_TIMEOUT_SECONDS = 300
"""Seconds to wait for another apt-get on this machine."""


def find_missing(packages: Sequence[str]) -> list[str]:
    """Return those of *packages* that are not installed."""
    shown = subprocess.run(
        ["/usr/bin/dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    present = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in present]


def install_command(packages: Sequence[str]) -> str:
    """Return the command that installs *packages*."""
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def ensure_packages(packages: Sequence[str]) -> None:
    """Install those of *packages* that are missing."""
    if not _APT_GET.exists():
        raise InstallError(
            "this is not Debian: `make setup` needs apt-get; install the packages listed in README.md manually"
        )
    missing = find_missing(packages)
    if not missing:
        return
    manager = [*_as_root(missing), str(_APT_GET), "-o", f"DPkg::Lock::Timeout={_LOCK_TIMEOUT_SECONDS}"]
    updated = run_program("Debian's package lists", [*manager, "update"])
    installed = run_program(f"Debian packages: {', '.join(missing)}", [*manager, *install_command(missing).split()[1:]])
    if installed.exit_code:
        reason = updated.error_line if updated.exit_code else installed.error_line
        raise InstallError(
            f"{', '.join(missing)} could not be installed ({reason}): check the network, then run make setup"
        )
    if still := find_missing(missing):
        raise InstallError(f"{', '.join(still)} is still missing; as root: {install_command(still)}")


def ensure_test_packages() -> None:
    """Install the missing TEST_PACKAGES, or print that the tests needing them are skipped.

    The platform works without them, so a machine without root or with another Debian can still run the other tests.
    """
    try:
        ensure_packages(list(TEST_PACKAGES))
    except InstallError as fault:
        print(f"! {fault}\n! The tests that need them are skipped here; in CI a skipped test fails.", file=sys.stderr)


def _as_root(packages: Sequence[str]) -> list[str]:
    quiet = ["/usr/bin/env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return quiet
    sudo = which("sudo")
    if sudo is None or subprocess.run([sudo, "-v"], check=False).returncode:
        raise InstallError(f"{', '.join(packages)} is missing and needs root; as root: {install_command(packages)}")
    return [sudo, *quiet]

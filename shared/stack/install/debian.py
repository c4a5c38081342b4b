"""The Debian packages: installed only when one is missing, through sudo when the person is not root."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from shared.stack.install.show import InstallError, run

PACKAGES = {
    "rabbitmq-server": "the broker (a private node; a system broker that the package starts is left alone)",
    "rclone": "the WebDAV client of the demonstration and the tests",
    "litmus": "the WebDAV conformance suite",
    "cadaver": "a WebDAV client of the tests",
    "davfs2": "a WebDAV client of the tests",
    "fuse3": "what rclone mounts with in the tests",
}
"""What the platform needs of Debian, and what for."""
VENV = "python3-venv"
"""Needed as well where Python comes without ensurepip, as Debian's own does."""

_MANAGER = Path("/usr/bin/apt-get")
_OTHERS_TAKE = 300
"""Seconds that another installation on this machine may take before ours gives up."""


def missing(packages: Sequence[str]) -> list[str]:
    """Return those of *packages* that are not installed."""
    shown = subprocess.run(
        ["/usr/bin/dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    present = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in present]


def by_hand(packages: Sequence[str]) -> str:
    """Return what a person types to install *packages*."""
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def ensure(packages: Sequence[str]) -> None:
    """Install those of *packages* that are missing."""
    if not _MANAGER.exists():
        raise InstallError("this is no Debian: `make setup` needs apt-get; install the packages of README.md by hand")
    wanted = missing(packages)
    if not wanted:
        return
    manager = [*_as_root(wanted), str(_MANAGER), "-o", f"DPkg::Lock::Timeout={_OTHERS_TAKE}"]
    updated = run("Debian's package lists", [*manager, "update"])
    installed = run(f"Debian packages: {', '.join(wanted)}", [*manager, *by_hand(wanted).split()[1:]])
    if installed.code:
        why = updated.last if updated.code else installed.last
        raise InstallError(
            f"{', '.join(wanted)} could not be installed ({why}); is the network there? then: make setup"
        )
    if still := missing(wanted):
        raise InstallError(f"{', '.join(still)} is still missing; as root: {by_hand(still)}")


def _as_root(wanted: Sequence[str]) -> list[str]:
    quiet = ["/usr/bin/env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return quiet
    sudo = which("sudo")
    if sudo is None or subprocess.run([sudo, "-v"], check=False).returncode:
        raise InstallError(f"{', '.join(wanted)} is missing and needs root; as root: {by_hand(wanted)}")
    return [sudo, *quiet]

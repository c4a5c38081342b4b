"""``python3 -m shared.stack.install``: install what is missing; a second run finds the stamps and does nothing.

``--tests`` also installs the independent programs that the tests use.
"""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared.stack.install import debian, environments
from shared.stack.install.progress import InstallError


def main() -> int:
    """Install; a failure is one line and exit code 1."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may run this file
        print(f"Python {sys.version.split()[0]} is too old: Candor needs 3.11 or later", file=sys.stderr)
        return 1
    try:
        with _installation_lock():
            needs_venv = [] if environments.can_create_venvs() else [debian.VENV_PACKAGE]
            debian.ensure_packages([*needs_venv, *debian.PACKAGES])
            environments.ensure_uv()
            environments.ensure_platform()
            environments.ensure_mongo()
            environments.ensure_statistics()
            if "--tests" in sys.argv[1:]:
                debian.ensure_test_packages()
                environments.ensure_localstripe()
                environments.ensure_tauargus()
                environments.ensure_oauth_clients()
    except InstallError as fault:
        print(f"✗ {fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"✗ {fault.filename or environments.ROOT}: {fault.strerror}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _installation_lock() -> Iterator[None]:
    """Wait until another installation in this folder has finished."""
    lock = environments.ROOT / ".tools" / "lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())

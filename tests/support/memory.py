"""Folders in memory for the database and the broker of the tests: both flush at every commit, and a disk is slow.

A part that is killed loses nothing there, since the files outlive the process. Tests of files and whole platforms use
the disk.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
LEAST_FREE = 4 << 30
"""Bytes that must be free: a container often has 64 MiB, which a part fills in a minute."""
_PREFIX = "candor-test-"


@contextmanager
def memory_folder(name: str, otherwise: Path, *, memory: Path = SHARED_MEMORY) -> Iterator[Path]:
    """Yield a folder in *memory* that is deleted at the end; *otherwise* where there is too little memory."""
    if not memory.is_dir() or shutil.disk_usage(memory).free < LEAST_FREE:
        yield otherwise
        return
    _delete_leftovers(memory)
    folder = memory / f"{_PREFIX}{os.getpid()}" / name
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()


def _delete_leftovers(memory: Path) -> None:
    """Delete the folders of test runs that were killed."""
    for folder in memory.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)

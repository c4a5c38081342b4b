"""The data folder of one stack ($CANDOR_HOME): what lies where, and who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class DirectoryInUseError(Exception):
    """Another supervisor runs the stack of this folder."""


@dataclass(frozen=True, slots=True)
class StackDirectory:
    """Where one stack keeps everything; deleting *root* while it is down forgets the stack."""

    root: Path

    @property
    def data(self) -> Path:
        """The data of the parts and services, a folder for each."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """One log for each part; ``stack.log`` is the supervisor's own."""
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        """Keyrings and passwords, made at the first start."""
        return self.root / "keys"

    @property
    def status_file(self) -> Path:
        """What the supervisor tells of its parts (see board.py)."""
        return self.root / "stack.json"

    @property
    def access_file(self) -> Path:
        """The demo people and their passwords (local mode only)."""
        return self.root / "access.json"

    def create_folders(self) -> None:
        """Create the folders, closed to other users."""
        for folder in (self.root, self.data, self.logs, self.keys):
            ensure_folder(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one supervisor; the hold ends with the process, however it ends."""
        with (self.root / "stack.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                raise DirectoryInUseError(f"CANDOR_HOME={self.root} is in use: a stack runs there") from taken
            yield

    def is_locked(self) -> bool:
        """Tell whether a supervisor holds the folder."""
        if not (self.root / "stack.lock").exists():
            return False
        try:
            with self.lock():
                return False
        except DirectoryInUseError:
            return True


def ensure_folder(path: Path) -> None:
    """Create *path*, closed to other users, unless it is there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private_file(path: Path, text: str) -> None:
    """Write *text* whole or not at all, readable by its owner alone."""
    ensure_folder(path.parent)
    draft = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)

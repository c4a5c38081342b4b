"""The data folder of one stack ($CANDOR_HOME): its layout and its lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.release import DATA_FORMAT


class DirectoryInUseError(Exception):
    """Another supervisor runs the stack of this folder."""


class IncompatibleDirectoryError(Exception):
    """A build with another data format wrote the folder; the message is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class StackDirectory:
    """The files of one stack; deleting *root* while it is down removes the stack."""

    root: Path

    @property
    def data(self) -> Path:
        """The data of the parts and services, one folder each."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """One log for each part; ``stack.log`` is the supervisor's own."""
        return self.root / "logs"

    @property
    def access_log(self) -> Path:
        """The access log of the edge."""
        return self.logs / "access.log"

    @property
    def keys(self) -> Path:
        """Keyrings and passwords, created at the first start."""
        return self.root / "keys"

    @property
    def status_file(self) -> Path:
        """The status of the parts (see status.py)."""
        return self.root / "stack.json"

    @property
    def access_file(self) -> Path:
        """The demo accounts and their passwords (local mode only)."""
        return self.root / "access.json"

    @property
    def format_file(self) -> Path:
        """The data format of the folder: a number, written by the build that created it."""
        return self.root / "data-format"

    def check_format(self) -> None:
        """Raise IncompatibleDirectoryError when the folder holds data of another format."""
        try:
            found = self.format_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            # Older builds did not write the format file.
            found = "" if self.data.is_dir() and any(self.data.iterdir()) else str(DATA_FORMAT)
        if found != str(DATA_FORMAT):
            has = f"in format {found}" if found else "of an older build (it has no format mark)"
            raise IncompatibleDirectoryError(
                f"CANDOR_HOME={self.root} holds data {has}, this build reads format {DATA_FORMAT}: "
                "delete the folder, or choose another one"
            )

    def create_folders(self) -> None:
        """Create the folders with mode 0700 and write this build's data format."""
        self.check_format()
        for folder in (self.root, self.data, self.logs, self.keys):
            ensure_folder(folder)
        if not self.format_file.exists():
            write_private_file(self.format_file, f"{DATA_FORMAT}\n")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder for one supervisor; the kernel releases the lock when the process exits, even by SIGKILL."""
        with (self.root / "stack.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                raise DirectoryInUseError(f"CANDOR_HOME={self.root} is in use: a stack is running there") from taken
            yield

    def is_locked(self) -> bool:
        """Return whether a supervisor has locked the folder."""
        if not (self.root / "stack.lock").exists():
            return False
        try:
            with self.lock():
                return False
        except DirectoryInUseError:
            return True


def ensure_folder(path: Path) -> None:
    """Create *path* with mode 0700 unless it exists."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private_file(path: Path, text: str) -> None:
    """Write *text* atomically, with mode 0600."""
    ensure_folder(path.parent)
    draft = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)

"""An older commit, ready to be measured: a git worktree below build/ with an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from shared.stack.settings import ROOT

FOLDER = Path("build/bench")
"""Where the worktrees are kept, below the repository: a second comparison with the same commit installs nothing."""
_ENVIRONMENTS = {
    ".venv": ("requirements-dev.lock",),
    ".tools/mongo": ("requirements-mongo.lock", "requirements-mongo-fallback.lock"),
}
"""Each environment of a checkout, and the lock files of which one made it."""
_OWN_PARTS = ("MONGO_URL", "AMQP_URL")
"""Taken out of the environment of a run: each run starts its own database and broker."""


class BaseError(Exception):
    """The older commit cannot be measured; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A tree of files that can measure itself."""

    root: Path

    def run_area(self, name: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python -m tests.bench`` for the area *name*, in this tree and by its environment."""
        environment = {key: value for key, value in os.environ.items() if key not in _OWN_PARTS}
        return subprocess.run(
            [str(self.root / ".venv" / "bin" / "python"), "-m", "tests.bench", name, *options],
            cwd=self.root,
            env={**environment, "PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )


def check_out(commit: str, repository: Path = ROOT) -> Checkout:
    """Return the checkout of *commit*, made and installed if it is not there yet; raise BaseError."""
    sha = _git(repository, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").strip()
    root = repository / FOLDER / sha[:12]
    if not (root / ".git").exists():
        # A deleted build/ leaves its worktrees registered.
        _git(repository, "worktree", "prune")
        _git(repository, "worktree", "add", "--detach", str(root), sha)
    for name, locks in _ENVIRONMENTS.items():
        share_environment(root / name, repository / name, [root / lock for lock in locks])
    _install(root)
    return Checkout(root)


def share_environment(folder: Path, ours: Path, locks: Sequence[Path]) -> None:
    """Make *folder* a link to *ours* when *ours* was installed from one of *locks*; drop a link that no longer fits."""
    fits = _stamp(ours) in {f"{lock.name} {sha256(lock.read_bytes()).hexdigest()}" for lock in locks if lock.exists()}
    if folder.is_symlink():
        folder.unlink()
    if fits and not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        folder.symlink_to(ours.resolve(), target_is_directory=True)


def _stamp(environment: Path) -> str:
    stamp = environment / "installed"
    return stamp.read_text(encoding="utf-8").strip() if stamp.exists() else ""


def _install(root: Path) -> None:
    """Run the commit's own installer; it returns at once where both environments fit its lock files."""
    python = getattr(sys, "_base_executable", sys.executable)
    if subprocess.run([python, "-m", "shared.stack.install"], cwd=root, check=False).returncode:
        raise BaseError(f"{root.name} could not be installed; its own words are above")


def _git(repository: Path, *words: str) -> str:
    ended = subprocess.run(["git", *words], cwd=repository, capture_output=True, text=True, check=False)
    if ended.returncode:
        why = (ended.stderr.strip() or f"git {words[0]} failed").splitlines()[-1]
        raise BaseError(f"{why}: {words[-1]}; name a commit of this repository, as `git log --oneline` shows them")
    return ended.stdout

"""``make bench BASE=…``: its arithmetic, and one tiny area of a repository of two commits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import compare
from tests.bench.base import BaseError, check_out
from tests.bench.compare import Lines, compare_lines, improvement
from tests.bench.figure import Area

INSTALLER = """
import os, sys
from pathlib import Path
folder = Path(".venv/bin")
folder.mkdir(parents=True, exist_ok=True)
python = folder / "python"
python.exists() or python.symlink_to(sys.executable)
"""
BENCH = """
import json, sys
from pathlib import Path
if sys.argv[1] not in {areas!r}:
    sys.exit(2)
lines = [dict(name="reads", ours={reads}, unit="requests/s"), dict(name="start", ours={start}, unit="s")]
Path("build").mkdir(exist_ok=True)
Path("build/bench.json").write_text(json.dumps(lines))
"""


def lines(**values: tuple[float, str]) -> Lines:
    return {name: {"name": name, "ours": value, "unit": unit} for name, (value, unit) in values.items()}


@pytest.mark.parametrize(
    ("unit", "expected"), [("requests/s", 2.0), ("tokens/core s", 2.0), ("ms", 0.5), ("MiB", 0.5), ("ms apart", None)]
)
def test_a_rate_is_better_when_it_is_higher_and_a_cost_when_it_is_lower(unit: str, expected: float | None) -> None:
    assert improvement(100, 200, unit) == expected


def test_a_ratio_to_nothing_is_none() -> None:
    assert improvement(0, 5, "/s") is None


def test_the_ratio_of_a_line_is_the_median_of_the_ratios_of_its_pairs() -> None:
    # The machine grows slower from pair to pair: the medians of both sides say 0.95, the pairs say 1.1.
    pairs = [(lines(reads=(base, "/s")), lines(reads=(now, "/s"))) for base, now in [(200, 220), (100, 95), (50, 55)]]
    (found,) = compare_lines(pairs)
    assert found.ratio == pytest.approx(1.1)
    assert (found.base, found.now) == (100, 95)
    assert not found.is_slower


def test_a_line_that_lost_more_than_a_twentieth_is_marked() -> None:
    base, now = lines(reads=(100, "/s"), start=(10, "s")), lines(reads=(94, "/s"), start=(10.2, "s"))
    assert [found.is_slower for found in compare_lines([(base, now)] * 5)] == [True, False]


def test_a_line_that_one_side_lacks_is_left_out() -> None:
    assert [found.name for found in compare_lines([(lines(a=(1, "/s"), b=(1, "/s")), lines(b=(1, "/s")))])] == ["b"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two commits: the older one has one area and reads half as fast."""
    write(tmp_path, "shared/stack/install/__main__.py", INSTALLER)
    write(tmp_path, "tests/bench/__main__.py", BENCH.format(areas=["edge"], reads=100, start=8))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "older")
    write(tmp_path, "tests/bench/__main__.py", BENCH.format(areas=["tiny"], reads=200, start=10))
    subprocess.run([sys.executable, "-m", "shared.stack.install"], cwd=tmp_path, check=True)
    return tmp_path


def test_an_older_commit_is_measured_in_pairs_under_the_name_that_its_area_had(repository: Path) -> None:
    with Path(os.devnull).open("w") as nowhere:
        silent = Console(file=nowhere)
        area = Area("tiny", former_name="edge")
        assert compare.run([area], "HEAD", 2, console=silent, output=silent, repository=repository) == 0
    assert json.loads((repository / "build" / "bench-compare.json").read_text()) == [
        {"name": "reads", "unit": "requests/s", "base": 100.0, "now": 200.0, "ratio": 2.0, "ratios": [2.0, 2.0]},
        {"name": "start", "unit": "s", "base": 8.0, "now": 10.0, "ratio": 0.8, "ratios": [0.8, 0.8]},
    ]


def test_a_checkout_is_kept_for_the_next_comparison(repository: Path) -> None:
    first = check_out("HEAD", repository)
    (first.root / "kept").touch()
    assert (check_out("HEAD", repository).root / "kept").exists()


def test_an_environment_from_the_same_lock_is_shared_and_one_from_another_is_not(repository: Path) -> None:
    lock = repository / "requirements-dev.lock"
    lock.write_text("aiohttp==1\n", encoding="utf-8")
    git(repository, "add", "requirements-dev.lock")
    git(repository, "commit", "--quiet", "-m", "locked")
    stamp = subprocess.run(["sha256sum", str(lock)], capture_output=True, text=True, check=True).stdout.split()[0]
    (repository / ".venv" / "installed").write_text(f"{lock.name} {stamp}\n", encoding="utf-8")
    root = check_out("HEAD", repository).root
    assert (root / ".venv").resolve() == repository / ".venv"
    (repository / ".venv" / "installed").write_text("of a later lock\n", encoding="utf-8")
    assert check_out("HEAD", repository).root == root
    assert (root / ".venv").resolve() == root / ".venv"


def test_a_commit_that_is_not_there_is_named(repository: Path) -> None:
    with pytest.raises(BaseError, match="no-such-commit"):
        check_out("no-such-commit", repository)


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(root: Path, *words: str) -> None:
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@engines.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *words], cwd=root, check=True, capture_output=True)

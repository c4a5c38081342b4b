"""`make new-service` in a copy of the tree: four files change outside its folders, its check passes, it starts."""

import asyncio
import filecmp
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files
from tests.support.vhosts import own_vhost

pytestmark = pytest.mark.timeout(420)
NAME = "loyalty"
OWN_FOLDERS = (f"services/{NAME}/", f"tests/unit/{NAME}/", f"tests/integration/{NAME}/")
TOUCHED = {
    "README.md",
    "charts/candor/files/broker.json",
    "services/portal/domain/error_codes.json",
    "shared/services.yaml",
}
RULES = ("test_registry.py", "test_rooms.py", "test_contracts.py", "test_personal.py", "test_promises.py")
"""The rules that look at a service; those of the whole tree say the same here as there."""


@pytest.fixture(scope="module")
async def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, with the new service in it."""
    root = tmp_path_factory.mktemp("tree") / "candor"
    for path in files():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target, follow_symlinks=False)
    await succeed(root, "-m", "shared.stack.new_service", NAME, "--summary", "points of customers: 'gold' & more")
    return root


async def succeed(root: Path, *arguments: str, **env: str) -> None:
    """Run Python in *root*; fail with what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=root,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-3_000:]


def changed(root: Path) -> Iterator[str]:
    """Yield the files of *root* that are new or differ from the tree's; a link is its target's."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        written = path.is_file() and not path.is_symlink() and "__pycache__" not in name
        if written and not ((ROOT / name).exists() and filecmp.cmp(path, ROOT / name, shallow=False)):
            yield name


async def test_four_places_change_outside_its_own_folders(copy: Path) -> None:
    found = {name for name in changed(copy) if not name.startswith((*OWN_FOLDERS, "."))}
    assert found == TOUCHED


async def test_its_lint_format_and_types_are_right(copy: Path) -> None:
    await succeed(copy, "-m", "ruff", "check", *OWN_FOLDERS)
    await succeed(copy, "-m", "ruff", "format", "--check", *OWN_FOLDERS)
    cache = ROOT / "build" / "mypy-new-service"
    if not cache.exists() and (checked := ROOT / ".mypy_cache").exists():
        shutil.copytree(checked, cache)  # from `make check`: the types of everything else need not be found again
    await succeed(copy, "-m", "mypy", "--cache-dir", str(cache), *OWN_FOLDERS)


async def test_its_imports_and_the_rules_of_the_house_are_kept(copy: Path) -> None:
    await succeed(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    rules = (f"tests/architecture/{name}" for name in RULES)
    await succeed(copy, "-m", "pytest", "-q", *rules)


async def test_it_starts_and_its_own_tests_pass(copy: Path, mongo_url: str, amqp_url: str) -> None:
    vhost = await own_vhost(amqp_url, NAME)
    own = (f"tests/unit/{NAME}", f"tests/integration/{NAME}")
    await succeed(copy, "-m", "pytest", "-q", *own, MONGO_URL=mongo_url, AMQP_URL=vhost)


async def test_a_second_one_of_the_name_is_refused(copy: Path) -> None:
    with pytest.raises(AssertionError, match=f"NAME={NAME}: .* work in services/{NAME}"):
        await succeed(copy, "-m", "shared.stack.new_service", NAME)

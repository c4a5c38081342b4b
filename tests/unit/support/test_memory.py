"""Folders in memory: deleted at the end, and those of killed runs by the next one."""

from pathlib import Path

import pytest

from tests.support import memory
from tests.support.memory import memory_folder


@pytest.fixture(autouse=True)
def plenty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LEAST_FREE", 0)


def test_a_folder_in_memory_is_deleted_at_the_end(tmp_path: Path) -> None:
    with memory_folder("mongo", tmp_path / "disk", memory=tmp_path) as folder:
        (folder / "data").touch()
        assert folder != tmp_path / "disk"
    assert list(tmp_path.iterdir()) == []


def test_where_memory_is_short_the_disk_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LEAST_FREE", 1 << 60)
    with memory_folder("mongo", tmp_path / "disk", memory=tmp_path) as folder:
        assert folder == tmp_path / "disk"


def test_what_a_killed_run_left_is_deleted(tmp_path: Path) -> None:
    left = tmp_path / "candor-test-4194305"  # above the highest process id
    left.mkdir()
    with memory_folder("mongo", tmp_path / "disk", memory=tmp_path):
        assert not left.exists()
